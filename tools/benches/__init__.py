# SPDX-License-Identifier: Apache-2.0
"""The measurements of tools/bench: a module for each subject, each with the functions that BENCHES lists."""
