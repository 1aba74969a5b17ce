"""What proves that the fit is at its optimum."""

from service.softmax.certificate import Certificate
from service.training.report.markup import DASH, plain, text
from service.training.report.tables import Table


def certificate_table(certificate: Certificate) -> Table:
    """Describe how far the fit can be from the optimum.

    Parameters
    ----------
    certificate : Certificate
        What is known of it.

    Returns
    -------
    Table
        One row a number.
    """
    is_penalised = certificate.duality_gap is not None
    gap = certificate.duality_gap if is_penalised else certificate.newton_decrement
    meaning = "no fit has an objective lower by more" if is_penalised else "left to gain by Newton"
    bound = (
        "no training probability is further from the optimum’s, at temperature 1",
        certificate.proba_bound,
    )
    numbers = (
        ("objective", "nats", certificate.objective),
        ("duality gap" if is_penalised else "Newton decrement", f"nats; {meaning}", gap),
        ("relative gap", f"asked for: at most {plain(certificate.tol)}", certificate.relative_gap),
        ("bound on probabilities", *bound),
    )
    rows = [
        (f"{title}<small>{text(told)}</small>", _small(value))
        for title, told, value in numbers
        if value is not None or title != "bound on probabilities"
    ]
    return Table(
        title="Certificate",
        head=("of the fit", "value"),
        rows=(
            ("converged", "yes" if certificate.converged else "<b>no</b>"),
            *rows,
            ("engine", f'<span class="words">{text(certificate.engine)}</span>'),
            ("iterations", f"{certificate.iterations:,}"),
        ),
        is_numeric=True,
    )


def _small(value: float | None) -> str:
    if value is None:
        return DASH
    return plain(value) if value == 0 or abs(value) >= 1e-3 else plain(float(f"{value:.1e}"))  # noqa: PLR2004 - below it two digits tell enough
