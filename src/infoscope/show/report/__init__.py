"""The report: one HTML file of one run or of several side by side, and its figures as PNG and SVG."""

from infoscope.show.report.writing import write_figures, write_report

__all__ = ["write_figures", "write_report"]
