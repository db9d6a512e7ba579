"""A small encoder with a vocabulary of its own, to start from where no pre-trained one knows the words.

    python examples/train/encoder_from_scratch.py SET OUT [--vocabulary 16000] [--hidden 128] [--layers 2]

Logs have names and codes instead of words (`shop 269c7`, `0-0-57`). The vocabularies of pre-trained models break them
into pieces; here the frequent ones are tokens, learned from the training set SET. The weights are random.
"""

import argparse
import json
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast, set_seed

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("set", type=Path)
parser.add_argument("out")
parser.add_argument("--vocabulary", type=int, default=16_000)
parser.add_argument("--hidden", type=int, default=128)
parser.add_argument("--layers", type=int, default=2)
parser.add_argument("--max_length", type=int, default=512)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()


def texts():
    """All turns of the set."""
    with (args.set / "train.jsonl").open(encoding="utf-8") as rows:
        for row in map(json.loads, rows):
            for turn in (*row["prompt"], *row["chosen"], *row["rejected"]):
                yield turn["content"]


special = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
tokenizer.normalizer = normalizers.BertNormalizer()
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
trainer = trainers.WordPieceTrainer(vocab_size=args.vocabulary, special_tokens=list(special.values()))
tokenizer.train_from_iterator(texts(), trainer)
fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special, model_max_length=args.max_length)
fast.save_pretrained(args.out)

set_seed(args.seed)
config = BertConfig(
    vocab_size=tokenizer.get_vocab_size(),
    hidden_size=args.hidden,
    intermediate_size=4 * args.hidden,
    num_hidden_layers=args.layers,
    num_attention_heads=max(1, args.hidden // 32),
    max_position_embeddings=args.max_length,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
    num_labels=1,
    pad_token_id=tokenizer.token_to_id("[PAD]"),
)
BertForSequenceClassification(config).save_pretrained(args.out)
