"""`python -m dashboard.report`: draw the published warehouse into REPORT (data/report); `make report` is the same.

Exit status: 0 written, 1 a defect of ours, 2 no warehouse or nowhere to write, 130 interrupted.
"""

import sys

from dashboard.report.contents import read_report
from dashboard.report.write import PAGE, write_report
from warehouse.connection import Warehouse
from warehouse.errors import MallError, refuse
from warehouse.settings import Settings


def main() -> int:
    """Write the report that the environment asks for; returns the exit status."""
    try:
        settings = Settings.from_environment()
        report = read_report(Warehouse(settings.warehouse).snapshot())
        write_report(report, settings.report)
    except MallError as error:
        return refuse("report", error)
    except KeyboardInterrupt:
        print("report: interrupted; an earlier report is as it was", file=sys.stderr)
        return 130
    synthetic = " (SYNTHETIC)" if report.is_synthetic else ""
    pictures = len(report.pictures) + sum(len(section.pictures) for section in report.sections)
    print(f"{'Customers':<12} {report.source_file}{synthetic}, {report.customers:,} customers, version {report.version}")
    print(f"{'Segments':<12} {', '.join(f'{s.clusterings[0].title} {s.clusterings[0].k}' for s in report.sections)}")
    print(f"{'Pictures':<12} {pictures} PNG files in {settings.report}")
    print(f"{'Page':<12} {settings.report / PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
