import protobuf from 'protobufjs';
import type { Distribution } from './distributions.ts';

/**
 * As much of TensorFlow Metadata's `statistics.proto` and `anomalies.proto` (package `tensorflow.metadata.v0`,
 * github.com/tensorflow/metadata) as is written here, under their field numbers.
 */
const METADATA = protobuf.parse(`
  syntax = "proto3";
  package tensorflow.metadata.v0;
  message FeatureNameStatistics {
    enum Type { INT = 0; FLOAT = 1; STRING = 2; }
    string name = 1;
    Type type = 2;
    oneof stats { NumericStatistics num_stats = 3; StringStatistics string_stats = 4; }
  }
  message CommonStatistics { uint64 num_non_missing = 1; uint64 num_missing = 2; }
  message NumericStatistics {
    CommonStatistics common_stats = 1;
    double mean = 2;
    double std_dev = 3;
    uint64 num_zeros = 4;
    double min = 5;
    double max = 7;
    repeated Histogram histograms = 8;
  }
  message Histogram {
    message Bucket { double low_value = 1; double high_value = 2; double sample_count = 4; }
    repeated Bucket buckets = 3;
  }
  message StringStatistics {
    message FreqAndValue { string value = 2; double frequency = 3; }
    CommonStatistics common_stats = 1;
    uint64 unique = 2;
    repeated FreqAndValue top_values = 3;
  }
  message Path { repeated string step = 1; }
  message AnomalyInfo {
    enum Severity { UNKNOWN = 0; WARNING = 1; ERROR = 2; }
    enum Type {
      UNKNOWN_TYPE = 0;
      COMPARATOR_L_INFTY_HIGH = 42;
      COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH = 63;
    }
    message Reason { Type type = 1; string short_description = 2; string description = 3; }
    string description = 2;
    Severity severity = 5;
    string short_description = 6;
    repeated Reason reason = 7;
    Path path = 8;
  }
`).root;

const encoded = (message: string, fields: object): Buffer => {
  const type = METADATA.lookupType(`tensorflow.metadata.v0.${message}`);
  return Buffer.from(type.encode(type.fromObject(fields)).finish());
};

/** A feature's statistics as a `stats` file holds them: a binary `FeatureNameStatistics`. */
export function statisticsFile(name: string, distribution: Distribution): Buffer {
  const commonStats = { numNonMissing: distribution.count, numMissing: distribution.missing };
  if (distribution.kind === 'categorical') {
    const ranked = [...distribution.frequencies].sort(([, left], [, right]) => right - left);
    const topValues = ranked.map(([value, frequency]) => ({ value, frequency }));
    const stringStats = { commonStats, unique: ranked.length, topValues };
    return encoded('FeatureNameStatistics', { name, type: 'STRING', stringStats });
  }
  const { histogram, mean, standardDeviation: stdDev, zeros: numZeros } = distribution;
  const { edges, counts } = histogram;
  const buckets = counts.map((sampleCount, i) => ({
    lowValue: edges[i],
    highValue: edges[i + 1],
    sampleCount,
  }));
  const [min, max] = [edges[0], edges.at(-1)];
  const numStats = { commonStats, mean, stdDev, numZeros, min, max, histograms: [{ buckets }] };
  return encoded('FeatureNameStatistics', { name, type: 'FLOAT', numStats });
}

/** What an `anomalies` file holds: a binary `AnomalyInfo`, empty where the distance is within its threshold. */
export function anomalyFile(
  feature: string,
  kind: Distribution['kind'],
  { deviation, threshold, against }: { deviation: number; threshold: number; against: string },
): Buffer {
  if (deviation <= threshold) return encoded('AnomalyInfo', { path: { step: [feature] } });
  const measure = kind === 'numeric' ? 'approximate Jensen-Shannon divergence' : 'L-infinity distance';
  const description = `The ${measure} between the predictions and ${against} is ${deviation}, above the threshold ${threshold}.`;
  const shortDescription = `High ${measure}`;
  const type = kind === 'numeric' ? 'COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH' : 'COMPARATOR_L_INFTY_HIGH';
  return encoded('AnomalyInfo', {
    path: { step: [feature] },
    severity: 'ERROR',
    description,
    shortDescription,
    reason: [{ type, description, shortDescription }],
  });
}
