"""A registry in memory, and models to release that need no training."""

from churn_pipeline.release.ledger import champions
from churn_pipeline.release.proposal import Release
from churn_pipeline.release.review.finding import Finding, Review
from tests.factories import tiny_artifact


class MemoryRegistry:
    """What `Registry` does, in memory; `fails` makes a step raise."""

    def __init__(self):
        self.tags, self.alias, self.seals, self.fails = {}, {}, {}, ""

    def register(self, artifact, tags, measured=None):
        self._step("register")
        self.tags[artifact.manifest.version] = tags

    def set_alias(self, alias, version):
        self._step(alias)
        self.alias[alias] = version
        if version is None:
            del self.alias[alias]

    def aliases(self):
        return dict(self.alias)

    def version_of(self, number):
        return dict(enumerate(self.tags, start=1)).get(int(number))

    def seal(self, ledger):
        return self.seals.get(ledger)

    def set_seal(self, ledger, state):
        self.seals[ledger] = state

    def _step(self, name):
        if self.fails == name:
            raise ConnectionError(name)


def reviewed(*failed):
    """Return a review with two checks, and those that failed."""
    passed = Finding(name="performance", outcome="passed", found="better")
    others = [
        Finding(name=n, outcome="failed", found="beyond", todo="look") for n in failed
    ]
    return Review(findings=(passed, *others))


def made_release(version, *, approved=True, policy="auto", against=None, failed=()):
    return Release(
        artifact=tiny_artifact(version),
        approved=approved,
        reasons=("better than the champion" if approved else "too few rows",),
        metrics={"roc_auc": 0.8, "roc_auc_low": 0.7, "f1": float("nan")},
        policy=policy,
        compared_with=against,
        review=reviewed(*failed),
    )


def register(releases, version, **how):
    """Register a model that was compared with the champion that reigns."""
    reigning = champions(releases.store.ledger.read())[-1:]
    releases.register(made_release(version, **{"against": (*reigning, None)[0], **how}))


def champion_of(releases):
    return releases.store.champion().manifest.version


def numbers_of(releases):
    return {e.version: e.semantic_version for e in releases.store.ledger.read()}
