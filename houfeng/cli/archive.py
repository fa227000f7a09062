"""`houfeng archive check|repair|seal|import|stats`: is the archive sound, what is in it, and how to fill it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from acquisition.archive import Archive
from acquisition.archive_check import ALLOWED, MENDABLE, Finding, Report
from acquisition.archive_check import check as check_archive
from acquisition.archive_checksums import seal as seal_files
from acquisition.archive_checksums import verify
from acquisition.archive_files import all_files, day_files
from acquisition.archive_import import import_files, wanted_files
from acquisition.archive_repair import repair as repair_archive
from acquisition.archive_stats import StreamStats
from acquisition.archive_stats import stats as stream_stats
from acquisition.dayfile import Verdict
from houfeng.cli.archive_holdings import bring_up_to_date, gaps, index, spans
from houfeng.cli.options import config_option, settings_of
from houfeng.cli.printing import bytes_progress, format_option, print_rows
from houfeng.times import format_ns, now_ns

_FINDINGS = ("kind", "file", "count", "bytes", "offset", "first", "reason")
_STREAMS = ("stream", "first", "last", "complete", "gaps", "overlaps")
_IMPORT_VERDICTS = (Verdict.WRITTEN, Verdict.DUPLICATE, Verdict.CONFLICT)

path_argument = click.argument("path", type=click.Path(path_type=Path), metavar="[ARCHIVE]", required=False)


@click.group()
def archive() -> None:
    """Check, mend, fill and count what the archive holds.

    ARCHIVE is the folder of an archive; without it, the configuration's.
    """


for command in (gaps, spans, index):
    archive.add_command(command)


@archive.command()
@path_argument
@config_option
@format_option
@click.option("--checksums", is_flag=True, help="Compare sealed day files with their sums as well.")
def check(path: Path | None, config: Path | None, layout: str, checksums: bool) -> None:
    """Read every record and say what is not as it should be.

    Torn, foreign and corrupt bytes, records in the wrong file, duplicates, conflicts (same time, other bytes),
    overlaps, records from the future. Changes nothing and may run beside the daemon. The exit status is 1 when
    something is wrong; records out of order and files that are no day files are told and allowed.
    """
    settings = settings_of(config)
    root = path or Path(settings.archive.path)
    with bytes_progress() as progress:
        task = progress.add_task("Checking", total=sum(file.stat().st_size for file in all_files(root)))
        report = check_archive(
            root, now_ns(), settings.archive.future_limit_h, lambda n_bytes: progress.advance(task, n_bytes)
        )
        if checksums:
            task = progress.add_task("Checksums", total=report.n_bytes)
            report.findings += verify(root, lambda n_bytes: progress.advance(task, n_bytes))
    print_rows("findings", [_finding(root, finding) for finding in report.findings], _FINDINGS, layout)
    click.echo(_summary(report), err=layout != "table")
    if not report.is_sound:
        raise SystemExit(1)


@archive.command()
@path_argument
@config_option
def repair(path: Path | None, config: Path | None) -> None:
    """Move what is no record in its place; throw nothing away.

    Torn, foreign and corrupt bytes and duplicates go to the archive's quarantine, with the reason in its log.txt;
    misplaced records go to the files they belong in. Refused while the daemon runs. Run it as the daemon's user.
    """
    settings = settings_of(config)
    root = path or Path(settings.archive.path)
    with bytes_progress() as progress:
        task = progress.add_task("Repairing", total=sum(file.stat().st_size for file in day_files(root)))
        done = repair_archive(root, lambda n_bytes: progress.advance(task, n_bytes))
    bring_up_to_date(settings, root)
    for file in done.files:
        click.echo(f"mended {file.relative_to(root)}")
    counts = ", ".join(f"{count} {kind}" for kind, count in done.quarantined.items()) or "nothing"
    click.echo(f"{len(done.files)} files mended; to quarantine: {counts}; records moved to their files: {done.refiled}")


@archive.command()
@path_argument
@config_option
def seal(path: Path | None, config: Path | None) -> None:
    """Write checksums of the day files that are closed.

    A file is closed archive.closed_after_days after its day, when nothing was written to it for as long. The sums are
    in SHA256SUMS beside the files; `archive check --checksums` and sha256sum -c compare. May run beside the daemon.
    """
    settings = settings_of(config)
    root = path or Path(settings.archive.path)
    with bytes_progress() as progress:
        task = progress.add_task("Sealing", total=sum(file.stat().st_size for file in day_files(root)))
        days = settings.archive.closed_after_days
        done = seal_files(root, now_ns(), days, lambda n_bytes: progress.advance(task, n_bytes))
    click.echo(f"sealed: {done.n_new} files for the first time, {done.n_grown} that grew; {done.n_all} have sums")


@archive.command("import")
@click.argument("paths", type=click.Path(path_type=Path), metavar="FILES|DIRS...", nargs=-1, required=True)
@config_option
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    metavar="ARCHIVE",
    help="Archive to fill.  [default: the configuration's]",
)
def import_(paths: tuple[Path, ...], config: Path | None, into: Path | None) -> None:
    """Add the records of miniSEED files, each once.

    Takes miniSEED 2 and 3, records of any length in any order. What the archive has already is not written again: after
    an interruption, give the same command once more. Refused while the daemon runs, and when the disk has no room. The
    exit status is 1 when something was rejected.
    """
    settings = settings_of(config)
    files = wanted_files(paths)
    archive = Archive.configured(replace(settings.archive, path=str(into)) if into else settings.archive)
    try:
        with bytes_progress() as progress:
            task = progress.add_task("Importing", total=sum(file.stat().st_size for file in files))
            done = import_files(archive, files, lambda n_bytes: progress.advance(task, n_bytes))
    finally:
        archive.close()
        bring_up_to_date(settings, archive.root)
    for rejection in done.rejections:
        click.echo(f"{rejection.path}: {rejection.count} rejected, {rejection.n_bytes} bytes: {rejection.reason}")
    counts = ", ".join(f"{done.verdicts[verdict]} {verdict.value}" for verdict in _IMPORT_VERDICTS)
    click.echo(f"{done.n_files} files: {counts}, {done.n_rejected} rejected")
    if done.rejections:
        raise SystemExit(1)


@archive.command()
@path_argument
@config_option
@format_option
def stats(path: Path | None, config: Path | None, layout: str) -> None:
    """Count days, records, bytes, gaps and overlaps of each stream.

    A day is complete when no sample is missing from 00:00 to 24:00 UTC; the percentage is of all days from the first to
    the last. Reads every record and may run beside the daemon.
    """
    root = path or Path(settings_of(config).archive.path)
    with bytes_progress() as progress:
        task = progress.add_task("Counting", total=sum(file.stat().st_size for file in day_files(root)))
        rows = [_stream(row) for row in stream_stats(root, lambda n_bytes: progress.advance(task, n_bytes))]
    if layout == "table":  # eighty columns have room for days, not for microseconds
        rows = [row | {key: row[key] and row[key][:10] for key in ("first", "last")} for row in rows]
        rows = [row | {"complete": f"{row['complete_percent']:.1f} %"} for row in rows]
    print_rows("streams", rows, _STREAMS, layout)
    if layout == "table":
        total = f"{len(rows)} streams, {sum(row['records'] for row in rows)} records"
        click.echo(f"{total}, {sum(row['bytes'] for row in rows)} bytes; --format csv has more")


def _stream(row: StreamStats) -> dict[str, Any]:
    return {
        "stream": str(row.source_id),
        "days": row.n_days,
        "complete_percent": row.complete_percent,
        "records": row.n_records,
        "bytes": row.n_bytes,
        "first": None if row.first_ns is None else format_ns(row.first_ns),
        "last": None if row.last_ns is None else format_ns(row.last_ns),
        "gaps": row.n_gaps,
        "gap_s": row.gap_s,
        "overlaps": row.n_overlaps,
        "complete_days": row.n_complete,
    }


def _finding(root: Path, finding: Finding) -> dict[str, Any]:
    return {
        "kind": str(finding.kind),
        "file": str(finding.path.relative_to(root)),
        "count": finding.count,
        "bytes": finding.n_bytes,
        "offset": finding.offset,
        "first": None if finding.first_ns is None else format_ns(finding.first_ns),
        "reason": finding.reason,
    }


def _summary(report: Report) -> str:
    text = f"{report.n_files} day files, {report.n_records} records, {report.n_bytes} bytes: "
    counts: Counter[str] = Counter()
    for finding in report.findings:
        counts[f"{finding.kind}{' (allowed)' if finding.kind in ALLOWED else ''}"] += finding.count
    text += ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "all is well"
    if any(finding.kind in MENDABLE for finding in report.findings):
        text += "; `houfeng archive repair` mends " + ", ".join(
            kind for kind in counts if kind in {str(kind) for kind in MENDABLE}
        )
    return text
