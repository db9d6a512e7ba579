"""Verdicts -> a reward: what a recommender agent did is judged by the benchmark's own questions.

from recrm_tasks.rewards import Case, FunctionJudge, HybridReward

reward = HybridReward(FunctionJudge(lambda prompt: '{"answer": "A"}'), dimensions=["relevance"])
reward([Case(query="quiet hotel near the station", items=["Park Hotel, 5 min walk"])])[0].value
"""

from recrm_tasks.rewards.case import Case
from recrm_tasks.rewards.episode import Episode, EpisodeReward, EpisodeRewards
from recrm_tasks.rewards.hybrid_reward import HybridReward
from recrm_tasks.rewards.judges.cached_judge import CachedJudge
from recrm_tasks.rewards.judges.function_judge import FunctionJudge
from recrm_tasks.rewards.judges.gathering_judge import GatheringJudge
from recrm_tasks.rewards.judges.judge import Judge, JudgeError, Reply
from recrm_tasks.rewards.judges.reward_model_judge import RewardModelJudge
from recrm_tasks.rewards.judges.server_judge import ServerJudge
from recrm_tasks.rewards.judges.transformers_judge import TransformersJudge
from recrm_tasks.rewards.named_items import named_items
from recrm_tasks.rewards.reward import Reward

__all__ = [
    "CachedJudge",
    "Case",
    "Episode",
    "EpisodeReward",
    "EpisodeRewards",
    "FunctionJudge",
    "GatheringJudge",
    "HybridReward",
    "Judge",
    "JudgeError",
    "Reply",
    "Reward",
    "RewardModelJudge",
    "ServerJudge",
    "TransformersJudge",
    "named_items",
]
