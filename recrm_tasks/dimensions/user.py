"""The fields that records about a user's choice share: profile, history and situation."""

from __future__ import annotations

from typing import TypeVar

from recrm_tasks.answers.prompt import Lang
from recrm_tasks.dimensions.record import Record, SharedTexts
from recrm_tasks.dimensions.rendering import Text, render, render_list

User = TypeVar("User", bound="UserRecord")


class UserRecord(Record):
    """A user in a situation. The history is ordered from old to new."""

    profile: Text
    history: list[Text]
    context: Text

    may_lack = ("profile", "history", "context")
    group_is = "user"
    # The candidates of one list, asked about together or one by one.
    shared = {"situation": SharedTexts(("profile", "history", "context"), needs=("profile", "history"))}

    def without_oldest(self: User, entries: int) -> User:
        """The record without the oldest entries of its history."""
        return self.model_copy(update={"history": self.history[entries:]})

    def ask_for_item(self, lang: Lang, query: str | None = None) -> str:
        """The user's turn that an item answers: profile, history and context, and what is wanted.

        Args:
            lang: language of the turn.
            query: what the user searched for, if anything.
        """
        wanted = "请为该用户推荐一项。" if lang == "zh" else "Recommend one item to this user."
        return f"{self.show_user(lang)}\n\n{query or wanted}"

    def show_user(self, lang: Lang) -> str:
        """Profile, history and context for the prompt."""
        none = "无" if lang == "zh" else "none"
        profile, context = render(self.profile) or none, render(self.context) or none
        history = render_list(self.history) or none
        if lang == "zh":
            return f"【用户画像】\n{profile}\n\n【历史行为】（从早到晚）\n{history}\n\n【当前情境】\n{context}"
        return f"[User profile]\n{profile}\n\n[History] (oldest first)\n{history}\n\n[Context]\n{context}"
