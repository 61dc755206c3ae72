"""Operators that no formula of their shapes can cost, each with the reason."""

from __future__ import annotations

from costmodel.operator import UNCOSTABLE

TEXT = "text: the length of each string decides the work"
TREES = "each row takes its own path through the trees"
LOOKUP = "keys are looked up in a hash table, and may be strings"
TRAINING = "runs in training only"
DECODING = "runs its network until the text ends"
SPARSE = "the values of its masks or tables decide which scores are computed"

UNCOSTABLE.update(
    {
        "RegexFullMatch": TEXT,
        "StringConcat": TEXT,
        "StringNormalizer": TEXT,
        "StringSplit": TEXT,
        "TfIdfVectorizer": "each sequence decides how many n-grams match",
        "ImageDecoder": "the compressed image decides the work",
        "MaxRoiPool": "the size of each region decides what is read",
        "ai.onnx.ml::TreeEnsemble": TREES,
        "ai.onnx.ml::TreeEnsembleClassifier": TREES,
        "ai.onnx.ml::TreeEnsembleRegressor": TREES,
        "ai.onnx.ml::CastMap": LOOKUP,
        "ai.onnx.ml::CategoryMapper": LOOKUP,
        "ai.onnx.ml::DictVectorizer": LOOKUP,
        "ai.onnx.ml::LabelEncoder": LOOKUP,
        "ai.onnx.preview.training::Adagrad": TRAINING,
        "ai.onnx.preview.training::Adam": TRAINING,
        "ai.onnx.preview.training::Gradient": TRAINING,
        "ai.onnx.preview.training::Momentum": TRAINING,
        "ATen": "stands for any operator of PyTorch",
        "com.microsoft::AttnLSTM": "attends to a memory whose lengths are values",
        "com.microsoft::BeamSearch": DECODING,
        "com.microsoft::GreedySearch": DECODING,
        "com.microsoft::Sampling": DECODING,
        "com.microsoft::WhisperBeamSearch": DECODING,
        "com.microsoft::BifurcationDetector": "compares texts until they differ",
        "com.microsoft::NGramRepeatBlock": "the tokens decide which scores are blocked",
        "com.microsoft::DynamicTimeWarping": "the data decide the length of the path",
        "com.microsoft::EPContext": "a compiled network, not visible from outside",
        "com.microsoft::Snpe": "a compiled network, not visible from outside",
        "com.microsoft::MurmurHash3": TEXT,
        "com.microsoft::Tokenizer": TEXT,
        "com.microsoft::WordConvEmbedding": TEXT,
        "com.microsoft::SparseAttention": SPARSE,
        "com.microsoft::DynamicSparseAttention": SPARSE,
        "com.microsoft::SparsePagedAttention": SPARSE,
        "com.microsoft::PagedAttention": SPARSE,
        "com.microsoft::LongformerAttention": "the values of a mask decide which tokens attend",
        "com.microsoft::DecoderAttention": "values decide whether its cache is used",
    }
)
