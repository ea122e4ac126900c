"""What configurations say, one file for each form in which people write them.

    settings.py       what is written in a configuration, whatever holds it, and calls by what is written
    transformers.py   TrainingArguments of transformers
    timm.py           the arguments of timm's train script
    deepspeed.py      DeepSpeed's configuration, and its `scheduler` block alone
    keras.py          what Keras serializes: a schedule, or an optimizer with one
    paths.py          `_target_` of Hydra, `class_path` of Lightning's command line

In: settings. Out: what the configured scheduler says. Refuses to compile.
"""
