"""A simulated Auth0 tenant on loopback: stateful, seeded and strict, written from Auth0's documents."""

from auth0_simulator.control.faults import Fault
from auth0_simulator.simulator import Simulator

__all__ = ["Fault", "Simulator"]
