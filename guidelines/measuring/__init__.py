"""The clock: what runtimes really take, beside what was predicted. The only user of onnxruntime.

Nothing here is imported unless something is to be measured (the extra ``guidelint[measure]``).
"""
