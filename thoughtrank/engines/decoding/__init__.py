"""The branching decoder of ``engine=transformers``: one prefill per prompt, then shared-prefix attention."""
