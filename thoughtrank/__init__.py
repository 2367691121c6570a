"""Thought-ranked fine-tuning: find the thoughts that make a model answer better, and train them in.

In the order of the pipeline: ``questions`` and ``prefixes`` (what is asked, how thoughts begin), ``models``,
``engines`` (who generates), ``judging`` and ``rankers`` (which answers are best), ``gains`` (what thoughts are worth),
``selection`` (which candidates to train on), ``finetuning`` (training), ``evaluation`` and ``report`` (metrics and
results). ``stages`` puts them to work, one stage per step of a round; ``rounds`` and ``pipeline`` run them; ``storage`` keeps
what they make. ``run`` and ``cli`` start it all from ``config``.
"""

import sys

from thoughtrank.process.module_path import search_working_folder_last

__version__ = "0.1.0"

if sys.argv[:1] == ["-m"]:
    # This is ``python -m thoughtrank...``, whose module is about to be loaded.
    search_working_folder_last()
