import { Command, InvalidArgumentError, Option } from 'commander';

export const DEFAULT_STATE = '.baton';

export interface StartOptions {
  /** A folder with train.csv and eval.csv; when absent the workload's sample, or a synthetic one of the census. */
  data?: string;
  /** A folder of workloads/ to run instead of the one that the stack files name. */
  workload?: string;
  /** Whether to stay up after the run, for `baton` and other clients. */
  keep: boolean;
  /** Whether functions run as bundles, built now, instead of from the repository's sources. */
  bundled: boolean;
  json: boolean;
  /** The stacks that the local cloud deploys: the two tenants' or the one of both. */
  stack: 'nonprod,prod' | 'dev';
  state: string;
  seed: number;
  rows: number;
  /** Stack configuration that stands in for what the stack files say, as `baton:key=value`. */
  config: Record<string, string>;
  /** Seconds without any change of a stage after which the run counts as stalled. */
  stallAfter: number;
}

const wholeNumber = (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('expected a whole number from 1.');
  return value;
};

const setting = (text: string, settings: Record<string, string>) => {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (!key) throw new InvalidArgumentError('expected key=value.');
  return { ...settings, [key]: value };
};

export function parseStartOptions(argv: string[]): StartOptions {
  const command = new Command('npm start --')
    .description('Runs the whole chain on this machine, from files landing in a bucket to a prediction.')
    .option('--data <dir>', 'folder with train.csv and eval.csv (default: a synthetic census sample)')
    .option(
      '--workload <name>',
      'a folder of workloads/, with its config.json and its sample (default: census)',
    )
    .option('--keep', 'stay up after the run, until Ctrl-C (default: on a terminal)')
    .option('--no-keep', 'end with the run (default: without a terminal, or with --json)')
    .option('--bundled', 'bundle the functions as for Google Cloud, and run the bundles', false)
    .option('--json', 'print one JSON document on stdout; progress goes to stderr', false)
    .addOption(
      new Option('--stack <stacks>', 'the two tenants, or dev: one project that plays both')
        .choices(['nonprod,prod', 'dev'])
        .default('nonprod,prod'),
    )
    .option('--state <dir>', 'where the local cloud keeps its state (default: .baton, with dev .baton-dev)')
    .option('--seed <number>', 'seed of the synthetic sample', wholeNumber, 1)
    .option(
      '--rows <number>',
      'training rows of the synthetic sample; half as many to evaluate',
      wholeNumber,
      32561,
    )
    .option('--config <key=value>', 'override a value of the stack configuration (repeatable)', setting, {})
    .option('--stall-after <seconds>', 'give up when no stage changes for so long', wholeNumber, 120)
    .addHelpText(
      'after',
      '\nExit codes: 0 monitored, 1 error, 2 usage, 3 refused, 4 parked, 5 held back by the gate, 6 stalled, 7 superseded, 8 waits for approval, 9 rejected, 10 rolled back, 130 interrupted.',
    )
    .configureOutput({ writeOut: (text) => process.stderr.write(text) })
    .exitOverride((error) => {
      process.exit(error.code === 'commander.helpDisplayed' ? 0 : 2);
    });
  const { keep, state, ...options } = command
    .parse(argv, { from: 'user' })
    .opts<Omit<StartOptions, 'keep' | 'state'> & { keep?: boolean; state?: string }>();
  const onTerminal = process.stdin.isTTY && process.stdout.isTTY;
  return {
    ...options,
    keep: keep ?? Boolean(onTerminal && !options.json),
    state: state ?? (options.stack === 'dev' ? '.baton-dev' : DEFAULT_STATE),
  };
}
