"""korabo every night with Dagster; the last line of a run becomes metadata."""

import subprocess

from dagster import Definitions, Failure, OpExecutionContext, RetryPolicy, ScheduleDefinition, job, op

KORABO = ["/usr/local/bin/korabo", "--project", "/srv/korabo/kenpo", "--progress", "off"]


@op(retry_policy=RetryPolicy(max_retries=2, delay=1800))
def korabo_run(context: OpExecutionContext) -> None:
    finished = subprocess.run([*KORABO, "run"], stderr=subprocess.PIPE, text=True, check=False)
    context.log.info(finished.stderr)
    lines = finished.stderr.splitlines()
    # ok=7 skipped=12 rejected_rows=31 failed=0 seconds=4.2
    summary = dict(pair.split("=", 1) for pair in lines[-1].split()) if lines else {}
    context.add_output_metadata(summary)
    # 8: another run is in progress.
    if finished.returncode not in (0, 8):
        raise Failure(f"korabo ended with exit code {finished.returncode}", metadata=summary)


@job
def korabo_nightly() -> None:
    korabo_run()


definitions = Definitions(
    jobs=[korabo_nightly],
    schedules=[
        ScheduleDefinition(
            job=korabo_nightly, cron_schedule="10 2 * * *", execution_timezone="Asia/Tokyo"
        )
    ],
)
