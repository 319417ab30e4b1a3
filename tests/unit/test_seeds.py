"""Seeds are whole numbers from 0 on; anything else is refused in our words."""

import numpy as np
import pytest

from correlator.base.seeds import generator
from correlator.errors import InputError


@pytest.mark.parametrize("seed", [None, 1.5, "a", True])
def test_a_seed_that_is_not_a_whole_number_is_refused(seed):
    with pytest.raises(InputError, match="seed must be a whole number"):
        generator(seed)


def test_whole_numbers_of_numpy_are_seeds():
    assert generator(np.int64(3)).random() == generator(3).random()
