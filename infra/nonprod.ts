import { SIGNAL_TOPICS } from '../events/topics.ts';
import { EventTopic } from './components/event-topic.ts';
import { FunctionSource } from './components/function-source.ts';
import { grant } from './components/grants.ts';
import { Handler } from './components/handler.ts';
import { declareImages } from './components/images.ts';
import { JobStatusTrigger } from './components/job-status-trigger.ts';
import { Lake } from './components/lake.ts';
import { Schedule } from './components/schedule.ts';
import { ServiceAgents, serviceAgent } from './components/service-agents.ts';
import type { Tenancy } from './components/tenancy.ts';
import { declareEventTopics } from './components/topics.ts';
import { WorkloadFiles } from './components/workload-files.ts';
import { declareEncryption, EVERYWHERE } from './encryption.ts';
import { declareNonprodAccounts } from './nonprod-accounts.ts';
import type { NonprodSettings } from './settings.ts';
import { nonprodVariables } from './variables.ts';

/** The project where models are trained and evaluated, and what the production project may read of it. */
export function declareNonprod(settings: NonprodSettings) {
  const { project } = settings;
  const agents = new ServiceAgents('service-agents', settings);
  const kmsKey = declareEncryption(settings, agents, [
    ...EVERYWHERE,
    'aiplatform',
    'bigquery',
    // Dataflow's workers have disks of Compute Engine's.
    'compute',
    'dataflow',
    'eventarc',
  ]);
  const encrypted = { ...settings, kmsKey };
  const topics = declareEventTopics('nonprod', encrypted);
  const drops = new EventTopic('drops', encrypted);
  const signals = new EventTopic('signals', encrypted);
  const { bucket } = new Lake('lake', {
    ...encrypted,
    agents,
    notifications: [
      { topic: drops, prefix: SIGNAL_TOPICS.drops.prefix },
      { topic: signals, prefix: SIGNAL_TOPICS.signals.prefix },
    ],
  });
  declareImages(encrypted, 'The images of the training and evaluation containers.');
  const workload = new WorkloadFiles(settings.model, { bucket, kmsKey });
  const accounts = declareNonprodAccounts(settings, { bucket, topics });
  const tenancy: Tenancy = {
    settings,
    kmsKey,
    agents,
    source: new FunctionSource('function-source', { ...encrypted, agents, bucket }),
    pushIdentity: accounts.push,
    variables: nonprodVariables(settings, {
      bucket,
      kmsKey,
      workload: workload.descriptor,
      dataflowAccount: accounts.dataflowWorker.email,
      trainingAccount: accounts.training.email,
    }),
  };
  declareHandlers(tenancy, accounts, {
    drops,
    signals,
    datasetReady: topics.get('dataset-ready')!,
    ingestDone: topics.get('ingest-done')!,
    modelTrained: topics.get('model-trained')!,
  });
  shareWithProd(settings, { bucket, evalPassed: topics.get('eval-passed')! });
  return {
    project,
    projectNumber: settings.projectNumber,
    topics: Object.fromEntries([...topics].map(([name, { topic }]) => [name, topic])),
    bucket,
    dataset: `${project}.${settings.dataset}`,
    workload: workload.descriptor,
  };
}

function declareHandlers(
  tenancy: Tenancy,
  accounts: ReturnType<typeof declareNonprodAccounts>,
  topics: Record<'drops' | 'signals' | 'datasetReady' | 'ingestDone' | 'modelTrained', EventTopic>,
): void {
  const park = new Handler('park', {
    purpose: 'Parks messages that no handler could handle.',
    tenancy,
    account: accounts.park,
  });
  const stages = {
    prepare: { wokenBy: topics.drops, purpose: 'Starts a run for each complete drop.' },
    ingest: { wokenBy: topics.datasetReady, purpose: 'Ingests a drop with Dataflow.' },
    train: { wokenBy: topics.ingestDone, purpose: 'Trains on the snapshot.' },
    evaluate: { wokenBy: topics.modelTrained, purpose: 'Evaluates the model and decides the gate.' },
  } as const;
  for (const name of Object.keys(stages) as (keyof typeof stages)[]) {
    const { wokenBy, purpose } = stages[name];
    new Handler(name, { purpose, tenancy, account: accounts[name], wokenBy: { topic: wokenBy.topic, park } });
  }
  const settle = new Handler('settle', {
    purpose: 'Finishes stages whose operations have ended.',
    tenancy,
    account: accounts.settle,
    wokenBy: { topic: topics.signals.topic, park },
    maxInstances: 1,
  });
  new JobStatusTrigger('dataflow-job-status', { tenancy, target: settle });
  new Schedule('settle-every-minute', {
    ...tenancy.settings,
    purpose: 'Finishes what no signal told of.',
    schedule: '* * * * *',
    target: settle,
    identity: accounts.scheduler,
  });
}

/** Production pulls: its identities may read here, and none from here may do anything there. */
function shareWithProd(
  settings: NonprodSettings,
  made: { bucket: Lake['bucket']; evalPassed: EventTopic },
): void {
  const { project, dataset, prodProject, prodProjectNumber, prodDeployer } = settings;
  const evalPassed = { name: 'eval-passed', topic: made.evalPassed.topic, role: 'roles/pubsub.subscriber' };
  if (prodDeployer) {
    grant('prod-deployer', prodDeployer, project, { topics: [evalPassed] }, {});
  }
  if (!prodProject || !prodProjectNumber || !settings.prodIdentitiesExist) return;
  const buckets = [{ name: 'lake', bucket: made.bucket, role: 'roles/storage.objectViewer' }];
  const deploy = `serviceAccount:deploy@${prodProject}.iam.gserviceaccount.com`;
  grant('prod-deploy', deploy, project, { buckets }, {});
  // Vertex AI in production reads the artefact that it serves, and the table that skew is measured against.
  grant(
    'prod-vertex-agent',
    serviceAgent('aiplatform.googleapis.com', prodProjectNumber),
    project,
    { buckets, dataset: { id: dataset, roles: ['roles/bigquery.dataViewer'] } },
    {},
  );
}
