from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from infoscope.show.mirroring import imported


class MLflow:
    """MLflow: into the run that is active there, else into a new one of the experiment ``project``.

    Where it goes is MLflow's to say (``MLFLOW_TRACKING_URI``); its files without a database are gone, so
    ``sqlite:///mlflow.db`` is the least.

    Example
    -------
    >>> import os
    >>> os.environ["MLFLOW_TRACKING_URI"] = "sqlite:///mlflow.db"
    >>> from infoscope.show.trackers.mlflow import MLflow
    >>> tracker = MLflow("mine", project="infoscope")
    >>> tracker.log({"infoscope/net/binned/I_X_T_bits/layer": 3.2}, step=10)
    >>> tracker.finish()
    >>> import mlflow
    >>> (run,) = mlflow.search_runs(experiment_names=["infoscope"], output_format="list")
    >>> run.info.run_name, run.data.metrics
    ('mine', {'infoscope/net/binned/I_X_T_bits/layer': 3.2})
    """

    package: ClassVar[str] = "mlflow"

    def __init__(self, run: str, project: str = "infoscope") -> None:
        self._mlflow = imported(self.package)
        self._own = self._mlflow.active_run() is None
        if self._own:
            self._mlflow.set_experiment(project)
            self._mlflow.start_run(run_name=run)
        self._run = self._mlflow.active_run().info.run_id

    def log(self, values: Mapping[str, float], step: int) -> None:
        self._mlflow.log_metrics(dict(values), step=step, run_id=self._run)

    def finish(self) -> None:
        if self._own:
            self._mlflow.end_run()
