"""`/docs`: Swagger UI over `/openapi.json`, with nothing fetched from elsewhere."""

from collections.abc import Callable, Sequence
from importlib.resources import files

from fastapi import APIRouter, HTTPException, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, RedirectResponse

ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}


def docs_routes(title: str, models: Callable[[], Sequence[str]]) -> APIRouter:
    """Make the routes of the documentation page.

    Parameters
    ----------
    title : str
        The page's title.
    models : callable
        Gives the names of the models that answer, for a menu of their own descriptions.

    Returns
    -------
    APIRouter
        The routes, none of them in the schema.
    """
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def home() -> RedirectResponse:
        return RedirectResponse("/docs")

    @router.get("/docs")
    async def docs(model: str | None = None) -> HTMLResponse:
        names = models()
        if model is not None and model not in names:
            raise HTTPException(404)
        page = get_swagger_ui_html(
            openapi_url="/openapi.json" if model is None else f"/models/{model}/openapi.json",
            title=title,
            swagger_js_url="/docs/swagger-ui-bundle.js",
            swagger_css_url="/docs/swagger-ui.css",
            swagger_favicon_url="/docs/favicon-32x32.png",
        )
        links = " ".join(f'<a href="/docs?model={name}">{name}</a>' for name in names)
        menu = f'<nav aria-label="models"><a href="/docs">any model</a> {links}</nav>'
        return HTMLResponse(bytes(page.body).decode().replace("<body>", f"<body>\n{menu}", 1))

    @router.get("/docs/{asset}")
    async def docs_asset(asset: str) -> Response:
        if asset not in ASSETS:
            raise HTTPException(404)
        content = files("fastapi_swagger").joinpath("resources", asset).read_bytes()
        headers = {"Cache-Control": "public, max-age=86400"}
        return Response(content, media_type=ASSETS[asset], headers=headers)

    return router
