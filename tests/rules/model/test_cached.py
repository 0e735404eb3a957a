from rules.model.cached import cached_property


class Cake:
    def __init__(self) -> None:
        self.cuts = 0

    @cached_property
    def piece(self) -> int:
        """A piece."""
        self.cuts += 1
        return self.cuts


def test_it_is_worked_out_once_for_each_object():
    one, other = Cake(), Cake()
    assert [one.piece, one.piece, other.piece] == [1, 1, 1]
    assert (one.cuts, other.cuts) == (1, 1)


def test_what_was_put_in_its_place_is_given():
    cake = Cake()
    cake.__dict__["piece"] = 9
    assert (cake.piece, cake.cuts) == (9, 0)


def test_the_class_shows_the_property_and_its_words():
    assert Cake.piece.__doc__ == "A piece."
