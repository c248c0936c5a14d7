"""The oracle for the simulated chip: the mathematics of FlowEqProp without hardware."""

from neurosim.ideal.activations import Activation
from neurosim.ideal.network import IdealNetwork, Law, flow_loss

__all__ = ["Activation", "IdealNetwork", "Law", "flow_loss"]
