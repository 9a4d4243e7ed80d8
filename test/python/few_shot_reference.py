"""Writes few-shot-reference.json: scores of scikit-learn's RidgeClassifier, and what it gives each row when that is left out; and the
shares that its KNeighborsClassifier gives classes, by cosine and with the weights of our nearest neighbours.

    python -m venv /tmp/sk && /tmp/sk/bin/pip install scikit-learn && /tmp/sk/bin/python test/python/few_shot_reference.py

Rows and classes are waves that the tests can make again.
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

classes, width = 3, 8


def rows(count):
    """Row r is of class r % 3: sin(1.7 i) with a bump where its class is, as float32."""
    values = np.array([np.sin(1.7 * i) for i in range(count * width)]).reshape(count, width)
    labels = np.arange(count) % classes
    values[np.arange(count), labels] += 1.2
    return values.astype(np.float32).astype(np.float64), labels


def neighbours(count, k, temperature):
    """The second half of some rows, by the first half."""
    x, labels = rows(count)
    half = count // 2
    model = KNeighborsClassifier(
        k, metric="cosine", algorithm="brute", weights=lambda distance: np.exp((1 - distance) / temperature)
    ).fit(x[:half], labels[:half])
    return {
        "count": count,
        "k": k,
        "temperature": temperature,
        "shares": model.predict_proba(x[half:]).tolist(),
        "classes": model.predict(x[half:]).tolist(),
    }


def main():
    cases = []
    for count in [6, 30]:  # fewer rows than columns, and more
        for penalty in [0.01, 2.0]:
            x, labels = rows(count)
            model = RidgeClassifier(alpha=penalty).fit(x, labels)
            left_out = cross_val_predict(
                RidgeClassifier(alpha=penalty), x, labels, cv=LeaveOneOut(), method="decision_function"
            )
            cases.append(
                {
                    "count": count,
                    "penalty": penalty,
                    "weights": model.coef_.tolist(),
                    "bias": model.intercept_.tolist(),
                    "leftOut": left_out.tolist(),
                    "right": int((left_out.argmax(1) == labels).sum()),
                }
            )
    file = pathlib.Path(__file__).with_name("few-shot-reference.json")
    found = {
        "sklearn": sklearn.__version__,
        "width": width,
        "cases": cases,
        "neighbours": [neighbours(60, 5, 0.07), neighbours(400, 20, 0.5)],
    }
    file.write_text(json.dumps(found) + "\n")


main()
