import pc from 'picocolors';
import {
  Approved,
  Deployed,
  type Envelope,
  EvalFailed,
  EvalPassed,
  type EventContract,
  IngestDone,
  Monitored,
  Parked,
  Promoted,
  Refused,
  Rejected,
  RolledBack,
} from '../../events/index.ts';
import { progressText } from '../runs/describe.ts';
import { failedReasons } from '../runs/report.ts';
import { awaitsApproval } from '../runs/run-state.ts';
import type { StageView } from '../runs/run-view.ts';

const MARKS: Record<StageView['state'], string> = {
  running: pc.cyan('•'),
  waiting: pc.cyan('…'),
  completed: pc.green('✓'),
  failed: pc.yellow('✗'),
  rejected: pc.red('✗'),
  'rolled-back': pc.yellow('↶'),
  refused: pc.red('✗'),
  parked: pc.red('‖'),
  superseded: pc.yellow('↷'),
};

/** Tells on stderr what happens, one line per change, with the seconds since the start. */
export class Progress {
  readonly #start = Date.now();
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void = (text) => process.stderr.write(text)) {
    this.#write = write;
  }

  say(text: string): void {
    const seconds = ((Date.now() - this.#start) / 1000).toFixed(1).padStart(6);
    this.#write(`${pc.dim(`${seconds} s`)}  ${text}\n`);
  }

  stage(stage: StageView): void {
    const attempt = stage.attempt > 1 ? ` (attempt ${stage.attempt})` : '';
    const what = stage.event ? describe(stage.event) : waitsFor(stage);
    this.say(
      `${MARKS[stage.state]} ${(stage.stage + attempt).padEnd(9)} ${stage.state.padEnd(9)} ${pc.dim(what)}`,
    );
  }
}

function waitsFor(stage: StageView): string {
  if (awaitsApproval(stage)) return `npx baton approvals show ${stage.input?.correlationid}`;
  if (stage.progress) return progressText(stage.progress);
  return stage.operation?.map(shortName).join(', ') ?? '';
}

/** Resource names are long; their last two segments say what they are. */
function shortName(resource: string): string {
  return resource.split('/').slice(-2).join('/');
}

const descriptions = [
  describes(IngestDone, ({ rows }) => `${count(rows.train)} train and ${count(rows.eval)} eval rows`),
  describes(EvalPassed, ({ gate }) => `${gate.comparisons.length} comparisons hold`),
  describes(EvalFailed, ({ gate }) => failedReasons(gate).join('; ')),
  describes(Approved, ({ champion, approval }) =>
    [
      champion && `not worse than version ${champion.version}`,
      approval && `approved by ${approval.by}: ${approval.reason}`,
    ]
      .filter(Boolean)
      .join('; '),
  ),
  describes(Rejected, ({ by, reason }) => `by ${by}: ${reason}`),
  describes(
    Deployed,
    ({ model, trafficSplit }) => `version ${model.version}, ${JSON.stringify(trafficSplit)}`,
  ),
  describes(Monitored, ({ monitoringJob }) => shortName(monitoringJob)),
  describes(Promoted, ({ model, previous }) =>
    previous ? `version ${model.version}, in the place of ${previous}` : `version ${model.version}`,
  ),
  describes(RolledBack, ({ from, to, reason }) => `from version ${from} to ${to}: ${reason}`),
  describes(Refused, ({ code, reason }) => `${code}: ${reason}`),
  describes(Parked, ({ code, reason }) => `${code}: ${reason}`),
];

function describes<Data>(contract: EventContract<Data>, text: (data: Data) => string) {
  return (event: Envelope) => {
    const data = event.type === contract.type ? contract.data.safeParse(event.data).data : undefined;
    return data && text(data);
  };
}

const describe = (event: Envelope): string =>
  descriptions.map((description) => description(event)).find((text) => text !== undefined) ?? '';

function count(rows: number): string {
  return rows.toLocaleString('en-US');
}
