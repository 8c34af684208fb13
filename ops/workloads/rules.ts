/** What is looked at, in this order: what a part needs of the one before is not there when that one is broken. */
export const PARTS = ['descriptor', 'images', 'transform', 'train', 'evaluate', 'serve'] as const;
export type Part = (typeof PARTS)[number];

/** The containers' roles. */
export const ROLES = ['train', 'evaluate', 'serve'] as const;
export type Role = (typeof ROLES)[number];

/** The contract of a workload, a sentence a rule; docs/workloads.md explains them. */
export const RULES = {
  'descriptor-shape': 'workload.json names the columns, the label, the transform and the reject columns',
  'descriptor-name': 'the name is that of the folder, in lower-case letters, digits and dashes',
  'descriptor-label': 'the label is one of the columns, a STRING',
  'schema-shape': 'the schema is a JSON file {"BigQuery Schema": [...]}',
  'schema-columns':
    'the schema has all columns with their types and the two reject columns as STRING, all NULLABLE',
  'config-names':
    'config.json, where there is one, has the workload as model, its images, its label, and features of its own to monitor and to slice by',

  'images-dockerfile': 'the role has a Dockerfile that says what to run: ENTRYPOINT or CMD',
  'images-user': 'the image says with USER as whom it runs, and that is not root',
  'images-base': 'the base image has a tag other than latest, or better a digest',
  'images-files': 'what is copied into the image is in the build context',

  'transform-engine':
    "the transform loads in Dataflow's engine: ES5, a function of the name given, nothing of Node's",
  'transform-header': 'the header and blank lines become nothing',
  'transform-rows': 'each line of the sample becomes a row that fits the schema, or nothing',
  'transform-rejects':
    'a malformed line becomes a row that is null but for the reason and the text; it is neither thrown nor accepted',
  'transform-labels': 'accepted rows have one of the two labels, and both occur',

  'train-succeeds': 'the job ends with exit code 0',
  'train-model': 'there are files under AIP_MODEL_DIR',
  'train-marker': 'there is a marker where --marker says',
  'train-marker-last': 'nothing is written after the marker',
  'train-bad-input':
    'without rows to train on, the job ends with another exit code than 0, and without a marker',
  'train-repeatable': 'the same rows train the same bytes',

  'evaluate-succeeds': 'the job ends with exit code 0',
  'evaluate-metrics': 'metrics.json has rows, accuracy (0 to 1), auc (0 to 1) and logLoss (0 or more)',
  'evaluate-rows': "rows is the number of the snapshot's rows",
  'evaluate-slices':
    'with --slices=COLUMN,…, metrics.json has slices of these columns (column, value, rows, accuracy, auc or null, logLoss), whose rows are all',
  'evaluate-samples':
    'samples.jsonl has a line {"instance": {…}, "prediction": …} or more, of columns without the label',
  'evaluate-marker': 'there is a marker where --marker says',
  'evaluate-marker-last': 'nothing is written after the marker',
  'evaluate-bad-input': 'without a model, the job ends with another exit code than 0, and without a marker',

  'serve-ready': 'the health route answers 200 once the model is loaded',
  'serve-not-early': 'the health route answers no 200 while the model is not loaded, nor without a model',
  'serve-predictions': 'predictions are as many as instances, in their order',
  'serve-samples': 'predictions are those of samples.jsonl',
  'serve-malformed': 'a malformed request is answered with 4xx, and the server goes on',
  'serve-stops': 'SIGTERM ends the server by its own hand within ten seconds',
} as const satisfies Record<string, string>;
export type Rule = keyof typeof RULES;

/** The part that a rule is about. */
export function partOf(rule: Rule): Part {
  const [prefix] = rule.split('-');
  return prefix === 'schema' || prefix === 'config' ? 'descriptor' : (prefix as Part);
}
