"""What a plain script does in place of a refresh, with pandas and scikit-learn: read, fill, scale, K-Means for k = 2 … 10, write.

`python -m tests.benchmarks.by_hand customers.csv labels.csv`
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler

FEATURES = {
    "spending": ["Annual Income (k$)", "Spending Score (1-100)"],
    "lifestyle": ["Age", "Annual Income (k$)", "Spending Score (1-100)"],
}
SAMPLE = 10_000


def main() -> None:
    """Read customers, choose k by the silhouette of a sample, and write the segment of every customer by both feature lists."""
    customers = pd.read_csv(Path(sys.argv[1]))
    customers = customers.fillna(customers.median(numeric_only=True))
    labels = pd.DataFrame({"customer_id": customers["CustomerID"]})
    for name, columns in FEATURES.items():
        scaled = StandardScaler().fit_transform(customers[columns])
        drawn = np.random.default_rng(0).choice(len(scaled), min(SAMPLE, len(scaled)), replace=False)
        best = -1.0
        for k in range(2, 11):
            found = KMeans(n_clusters=k, n_init=10, random_state=0).fit_predict(scaled)
            silhouette = silhouette_score(scaled[drawn], found[drawn])
            if silhouette > best:
                best, labels[name] = silhouette, found
    labels.to_csv(sys.argv[2], index=False)


if __name__ == "__main__":
    main()
