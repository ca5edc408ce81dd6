"""What turns values in ordinary units into those that the models see, and back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.points import Floats


@dataclass(frozen=True)
class Scaling:
    """The scaling of d features: z-scores, of the logarithm sign(x) ln(1 + |x|) where a feature is on a log scale."""

    means: Floats
    """(d,): mean of each feature in its own unit, or of its logarithm."""
    deviations: Floats
    """(d,): population standard deviation of the same."""
    is_log: NDArray[np.bool_]
    """(d,): which features are on a log scale."""

    def in_units(self, scaled: Floats) -> Floats:
        """Scaled values (…, d) in the features' own units."""
        values = scaled * self.deviations + self.means
        values[..., self.is_log] = np.sign(values[..., self.is_log]) * np.expm1(np.abs(values[..., self.is_log]))
        return values

    def to_scale(self, values: Floats) -> Floats:
        """Values (…, d) in the features' own units, scaled."""
        values = values.copy()
        values[..., self.is_log] = np.sign(values[..., self.is_log]) * np.log1p(np.abs(values[..., self.is_log]))
        return (values - self.means) / self.deviations
