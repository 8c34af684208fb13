import type { Input } from '@pulumi/pulumi';
import type { Tenant } from '../events/stage.ts';
import type { EventLedger } from './components/event-ledger.ts';
import type { Handler } from './components/handler.ts';
import type { EventTopics } from './components/topics.ts';
import type { Settings } from './settings.ts';

/** What every stack exports, for the command line: `pulumi stack output --json`. */
export interface StackOutputs {
  /** The parts that the stack's project plays: one of them, or in `dev` both. */
  tenants: Tenant[];
  project: string;
  projectNumber: string;
  region: string;
  /** The model that runs train and promote. */
  model: string;
  /** The bucket of drops and runs. */
  bucket: Input<string>;
  /** The key that everything is encrypted under; empty for keys of Google's. */
  kmsKey: Input<string>;
  /** `projects/P/topics/T` by event. */
  topics: Record<string, Input<string>>;
  /** `projects/P/subscriptions/S`, by the stage that it wakes; also `settle`. */
  subscriptions: Record<string, Input<string>>;
  /** `projects/P/subscriptions/S` of the dead letters, by the stage that could not handle them. */
  deadLetters: Record<string, Input<string>>;
  /** The view that has every event once, as queries name it: `P.D.V`. */
  ledger: Input<string>;
  /** The functions' addresses by handler: the stages, `settle` and `park`. */
  functions: Record<string, Input<string>>;
  /** The images that the config names, by role. */
  images: Record<string, string>;
}

const IMAGES = { trainImage: 'train', evaluateImage: 'evaluate', serveImage: 'serve' };

const imagesNamedBy = (settings: Partial<Record<keyof typeof IMAGES, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(IMAGES).flatMap(([key, role]) => {
      const image = settings[key as keyof typeof IMAGES];
      return image ? [[role, image]] : [];
    }),
  );

/** What a stack exports beside that in whose project models are trained. */
export interface TrainingOutputs {
  /** `P.D`, the dataset that runs ingest into. */
  dataset: string;
  /** The gs:// address of the workload's descriptor. */
  workload: Input<string>;
}

/** What a stack exports beside that in whose project models are served. */
export interface ServingOutputs {
  /** `projects/P/locations/R/endpoints/E`; the first deployment creates it. */
  endpoint: string;
}

interface Made {
  bucket: Input<string>;
  kmsKey: Input<string> | undefined;
  topics: EventTopics;
  ledger: EventLedger;
  handlers: Handler[];
}

/** The handlers that the config asks for, of those that it may. */
export const onlyDeclared = (...handlers: (Handler | undefined)[]): Handler[] =>
  handlers.filter((handler) => handler !== undefined);

export function stackOutputs(tenants: Tenant[], settings: Settings, made: Made): StackOutputs {
  const { project, projectNumber, region, model } = settings;
  const woken = made.handlers.flatMap(({ name, subscription }) =>
    subscription ? [{ name, subscription }] : [],
  );
  return {
    ...{ tenants, project, projectNumber, region, model },
    bucket: made.bucket,
    kmsKey: made.kmsKey ?? '',
    topics: Object.fromEntries([...made.topics].map(([name, { topic }]) => [name, topic])),
    ledger: made.ledger.events,
    subscriptions: Object.fromEntries(
      woken.map(({ name, subscription }) => [name, subscription.subscription]),
    ),
    deadLetters: Object.fromEntries(woken.map(({ name, subscription }) => [name, subscription.deadLetters])),
    functions: Object.fromEntries(made.handlers.map(({ name, uri }) => [name, uri])),
    images: imagesNamedBy(settings),
  };
}
