"""Prints what Airflow makes of a folder of DAGs, as JSON; run by Airflow's Python."""

import json
import sys
from pathlib import Path


def told(task):
    """Return what a task may, needs and does."""
    pod = task.executor_config.get("pod_override")
    asked = pod.spec.containers[0].resources if pod else None
    return {
        "after": sorted(task.upstream_task_ids),
        "retries": task.retries,
        "wait_s": task.retry_delay.total_seconds(),
        "backs_off": bool(task.retry_exponential_backoff),
        "limit_s": getattr(task, "timeout", None)
        or task.execution_timeout.total_seconds(),
        "mails": [notifier.to for notifier in task.on_failure_callback or []],
        "resources": asked and {**asked.requests, "limit": asked.limits["memory"]},
        "command": getattr(task, "bash_command", None),
    }


def main(folder, answer):
    """Write what is in a folder to a file."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=folder)
    dags = {
        dag.dag_id: {
            "schedule": dag.schedule,
            "catchup": dag.catchup,
            "at_once": dag.max_active_runs,
            "params": dict(dag.params.dump()),
            "tasks": {task.task_id: told(task) for task in dag.tasks},
        }
        for dag in bag.dags.values()
    }
    Path(answer).write_text(json.dumps({"errors": bag.import_errors, "dags": dags}))


if __name__ == "__main__":
    main(*sys.argv[1:])
