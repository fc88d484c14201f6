"""The softmax read-out over all contexts: worst contexts, covering searches, temperatures."""
