"""Whom a campaign keeps aside by chance, so that what its calls bring can be measured.

The pipeline `scoring` draws when it lists whom to call, and writes down by what; the
service draws by the same, so that nobody is called whom the list keeps aside.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import msgspec

from churn_pipeline.serving.metrics import Metrics
from churn_pipeline.serving.newest import Newest, newest
from churn_pipeline.serving.rollout.bucket import BUCKETS, bound, digest, draw_of
from churn_pipeline.serving.text import Told

logger = logging.getLogger(__name__)

CAMPAIGN = "campaign.json"
SHARE = "churn_control_share"


class Campaign(msgspec.Struct, frozen=True):
    """What is drawn by; the file holds more.

    Attributes:
        name: Another one draws anew.
        control_share: Share of customers who are kept aside, 0 to 0.5.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    control_share: Annotated[float, msgspec.Meta(ge=0, le=0.5)]


class ControlGroup:
    """The customers whom a campaign keeps aside.

    It depends on the customer and the campaign alone: not on the day, the model, the
    machine, or who else there is. A larger share keeps aside whom a smaller one does.

    Attributes:
        campaign: Its name.
        share: Share of customers who are kept aside.

    Examples:
        >>> group = ControlGroup(Campaign("spring", 0.1))
        >>> sum(group.has(f"C-{i}") for i in range(1000))
        89
    """

    def __init__(self, campaign: Campaign) -> None:
        """Prepare the draw."""
        self.campaign = campaign.name
        self.share = campaign.control_share
        self._draw = draw_of(f"calls {campaign.name}")
        self._top = bound(round(campaign.control_share * BUCKETS))

    def has(self, customer_id: str | int) -> bool:
        """Return whether a customer is kept aside; a number is the text of it."""
        return digest(customer_id, self._draw) < self._top

    def marked(self, told: Told) -> Told:
        """Return what is told of a customer, and whether they are kept aside.

        Who has no id is on no list, and in no group.
        """
        if told.customer_id is not None and self.has(told.customer_id):
            return told._replace(kept_aside=True)
        return told


class Control(Newest):
    """The control group of the newest list.

    Attributes:
        group: None where there is none: no list yet, or one that calls everybody.
    """

    def __init__(self, outputs: Path, metrics: Metrics, dataset: str) -> None:
        """Read the newest campaign.

        Args:
            outputs: Folder of what pipelines say of the data set's customers.
            metrics: Are told which campaign is in force.
            dataset: Name of the data set.
        """
        super().__init__(
            outputs / CAMPAIGN,
            dataset=dataset,
            part="campaign",
            before="the control group is that of before",
            without="there is no control group, so that everybody may be called",
        )
        self.group: ControlGroup | None = None
        self._metrics, self._now = metrics, "none"
        metrics.put(SHARE, 0)
        self.refresh()
        if newest(outputs / CAMPAIGN) is None:
            logger.warning("nobody is kept aside: no campaign in %s yet", outputs)

    def take(self, file: Path) -> None:
        """Draw by a campaign from now on."""
        campaign = read_campaign(file)
        self.group = group_of(campaign)
        self._metrics.put(SHARE, campaign.control_share, campaign=campaign.name)
        self._metrics.drop(SHARE, campaign=campaign.name)
        former, self._now = self._now, _in_words(campaign)
        if self._now != former:
            logger.warning(
                "the service draws by %s from now on (until now %s)", self._now, former
            )


def read_campaign(file: Path) -> Campaign:
    """Return the campaign that a run has written.

    Raises:
        ValueError: The file is none.
        OSError: It cannot be read.
    """
    try:
        return msgspec.json.decode(file.read_bytes(), type=Campaign)
    except msgspec.DecodeError as error:
        raise ValueError(
            f"expected the campaign of the pipeline scoring in {file}, got one that "
            f"does not fit: {error}; run `kedro run --pipelines scoring` again"
        ) from error


def group_of(campaign: Campaign) -> ControlGroup | None:
    """Return whom a campaign keeps aside; None: nobody."""
    return ControlGroup(campaign) if campaign.control_share else None


def newest_group(outputs: Path) -> ControlGroup | None:
    """Return whom the newest campaign keeps aside; None: nobody, or no list yet.

    Args:
        outputs: Folder of what pipelines say of the data set's customers.

    Raises:
        ValueError, OSError: The newest campaign cannot be read; who can wait need not
            take the one before, as a service does.
    """
    file = newest(outputs / CAMPAIGN)
    return None if file is None else group_of(read_campaign(file))


def _in_words(campaign: Campaign) -> str:
    return f"the campaign {campaign.name!r}, {campaign.control_share:.1%} kept aside"
