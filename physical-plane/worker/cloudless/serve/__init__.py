"""Serving: a class of yours answers requests over HTTP, in the Open Inference Protocol (KServe v2).

    class Classifier:
        def load(self):
            self.weights = numpy.load("weights.npy")

        def predict(self, batch):
            return {"scores": batch["images"] @ self.weights}

`load` is called once. `predict` gets a dictionary of arrays, whose first dimension counts rows of one or several requests, and
answers with a dictionary of arrays with as many rows. Optional attributes `inputs` and `outputs`, for example
`inputs = {"images": ("FP32", [-1, 784])}`, are told to clients, and requests are checked against `inputs`.
"""
