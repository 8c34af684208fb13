import { SIGNAL_TOPICS } from '../events/topics.ts';
import { EventTopic, type TopicArgs } from './components/event-topic.ts';
import { Handler } from './components/handler.ts';
import { JobStatusTrigger } from './components/job-status-trigger.ts';
import { Lake } from './components/lake.ts';
import { Schedule } from './components/schedule.ts';
import type { ServiceAgents } from './components/service-agents.ts';
import type { Tenancy } from './components/tenancy.ts';
import type { EventTopics } from './components/topics.ts';
import type { declareNonprodAccounts } from './nonprod-accounts.ts';

/** Declares the bucket of a project in which models are trained, and the topics that hear of what lands in it. */
export function declareTrainingLake(args: TopicArgs, agents: ServiceAgents) {
  const drops = new EventTopic('drops', args);
  const signals = new EventTopic('signals', args);
  const { bucket } = new Lake('lake', {
    ...args,
    agents,
    notifications: [
      { topic: drops, prefix: SIGNAL_TOPICS.drops.prefix },
      { topic: signals, prefix: SIGNAL_TOPICS.signals.prefix },
    ],
  });
  return { bucket, drops, signals };
}

/** Declares the functions of the stages that train and evaluate, with `settle` and `park`. */
export function declareTrainingHandlers(
  tenancy: Tenancy,
  accounts: ReturnType<typeof declareNonprodAccounts>,
  { drops, signals, topics }: { drops: EventTopic; signals: EventTopic; topics: EventTopics },
): { park: Handler; handlers: Handler[] } {
  const park = new Handler('park', {
    purpose: 'Parks messages that no handler could handle.',
    tenancy,
    account: accounts.park,
  });
  const stages = {
    prepare: { wokenBy: drops, purpose: 'Starts a run for each complete drop.' },
    ingest: { wokenBy: topics.get('dataset-ready')!, purpose: 'Ingests a drop with Dataflow.' },
    train: { wokenBy: topics.get('ingest-done')!, purpose: 'Trains on the snapshot.' },
    evaluate: {
      wokenBy: topics.get('model-trained')!,
      purpose: 'Evaluates the model and decides the gate.',
    },
  };
  const working = (Object.keys(stages) as (keyof typeof stages)[]).map((name) => {
    const { wokenBy, purpose } = stages[name];
    const account = accounts[name];
    return new Handler(name, { purpose, tenancy, account, wokenBy: { topic: wokenBy.topic, park } });
  });
  const settle = new Handler('settle', {
    purpose: 'Finishes stages whose operations have ended.',
    tenancy,
    account: accounts.settle,
    wokenBy: { topic: signals.topic, park },
    maxInstances: 1,
  });
  new JobStatusTrigger('dataflow-job-status', { tenancy, target: settle });
  new Schedule('settle-every-minute', {
    ...tenancy.settings,
    purpose: 'Finishes what no signal told of.',
    schedule: tenancy.settings.settleSchedule,
    target: settle,
    identity: accounts.scheduler,
  });
  return { park, handlers: [park, ...working, settle] };
}
