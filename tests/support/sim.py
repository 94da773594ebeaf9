"""The simulated fleet, under the name by which the playbooks know it."""

from tests.support.simulation.archives import archive as archive
from tests.support.simulation.fleet import Sim as Sim
from tests.support.simulation.machines import SimNode as SimNode
