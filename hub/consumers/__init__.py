"""The steps between the log and the screens: `record` writes events down, `understand` parses payloads, `decide` lets
policies and people act, `project` folds; `rebuild`, `verify`, `forget` are second thoughts; `runner` runs the steps.
"""
