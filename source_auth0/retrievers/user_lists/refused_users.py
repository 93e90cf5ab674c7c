"""Users whom Auth0 refuses among others: skipped, and asked again in the next sync."""

from collections.abc import Collection, Iterable

from source_auth0.retrievers.lists.refused_parents import RefusedParents
from source_auth0.retrievers.user_lists.user_pass import UserPass

#: Most refused users that a state has for the next sync to ask again.
MAX_REFUSED_IN_STATE = 200


class RefusedUsers:
    """The refused users of one stream, as its cursor keeps them; the caller holds the cursor's lock.

    saved: those of the last sync's state. Who is refused before anybody was answered is undecided: a failed user.
    """

    def __init__(self, parents: RefusedParents, saved: Collection[str]) -> None:
        self.parents = parents
        parents.known = frozenset(saved)
        parents.carries_over = True
        self._skipped = set(saved)
        self.undecided: set[str] = set()
        #: Those of whom a part was refused, such as one group of an organization: the next sync asks for all of them.
        self.in_part: set[str] = set()

    def begin(self, users: int, resumed: Collection[str] = ()) -> None:
        """Begin a pass over so many users; `resumed` are its users if an earlier sync began it."""
        self.parents.expected += users
        self.parents.known_unfinished |= frozenset(user for user in self.parents.known if user in resumed)

    def settle(self, user_pass: UserPass, index: int) -> None:
        """Mark the user as done whose read has ended, unless it was not asked for any more."""
        parents, user = self.parents, user_pass.users[index]
        if user in parents.refused:
            self.undecided |= {user} - parents.known
            user_pass.mark_done(index)
        elif not parents.is_over:
            (self._skipped.add if user in self.in_part else self._skipped.discard)(user)
            user_pass.mark_done(index)
        if parents.is_answered:
            self._skipped |= self.undecided
            self.undecided.clear()

    def forget(self, users: Iterable[str]) -> None:
        """Ask no more for those that are gone."""
        self._skipped.difference_update(users)

    def conclude(self, user_pass: UserPass) -> None:
        """All reads of a pass have ended: where the tenant lacks the feature, there is nobody to ask."""
        if self.parents.lacks_feature:
            self.undecided.clear()
            user_pass.mark_all_done()

    @property
    def state(self) -> dict[str, list[str]]:
        """The key `refused` of a state; none where nobody is."""
        return {"refused": sorted(self._skipped)[:MAX_REFUSED_IN_STATE]} if self._skipped else {}
