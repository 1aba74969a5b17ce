"""Regions as GeoJSON, in the units of the two features."""

import json
from typing import Any

import numpy as np

from service.regions.plane import Plane
from service.regions.rules import Decisions
from service.softmax.arrays import Label


def write_geojson(plane: Plane, decisions: Decisions, classes: tuple[Label, ...]) -> bytes:
    """Write regions and boundaries as a FeatureCollection.

    Parameters
    ----------
    plane : Plane
        The slice; its axes are the coordinates.
    decisions : Decisions
        The regions; those parts where a decision is made.
    classes : tuple of str, int or bool
        Class labels.

    Returns
    -------
    bytes
        JSON in UTF-8: a polygon for each region, a line for each boundary; beside them the
        names of the axes, the view, the classes that win nowhere in it, and the share of it
        where nothing is decided.

    References
    ----------
    .. [1] RFC 7946, The GeoJSON Format.
    """
    shares = decisions.area_shares
    whole: dict[int, list[Any]] = {}
    for region in decisions.decided:
        ring = plane.in_units(np.vstack([region.vertices, region.vertices[:1]])).tolist()
        whole.setdefault(region.winner, []).append([ring])
    polygons = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": pieces[0]}
            if len(pieces) == 1
            else {"type": "MultiPolygon", "coordinates": pieces},
            "properties": {"class": classes[k], "area_share": float(shares[k])},
        }
        for k, pieces in sorted(whole.items())
    ]
    lines = [
        {
            "type": "Feature",
            "geometry": {
                "type": "LineString",
                "coordinates": plane.in_units(boundary.ends).tolist(),
            },
            "properties": {"between": [classes[k] for k in boundary.between]},
        }
        for boundary in decisions.partition.boundaries
    ]
    collection = {
        "type": "FeatureCollection",
        "axes": [plane.x.name, plane.y.name],
        "bbox": [plane.x.low, plane.y.low, plane.x.high, plane.y.high],
        "absent": [classes[k] for k in decisions.partition.absent],
        "undecided_share": max(0.0, 1.0 - sum(region.area for region in decisions.decided))
        if decisions.kept is not None
        else 0.0,
        "features": polygons + lines,
    }
    return json.dumps(
        collection, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    ).encode()
