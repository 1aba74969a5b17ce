"""The report of a training: one page that needs nothing from elsewhere."""

from service.training.report.page import ReportInputs, write_report
from service.training.report.tables import Table

__all__ = ["ReportInputs", "Table", "write_report"]
