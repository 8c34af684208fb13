import type { Input } from '@pulumi/pulumi';
import type { ServingSettings, Settings, TrainingSettings } from './settings.ts';

type Variables = Record<string, Input<string>>;
type EncryptedBucket = { bucket: Input<string>; kmsKey: Input<string> | undefined };

/** What every function's environment says. A value that isn't set is an empty string. */
function commonVariables(settings: Settings, { bucket, kmsKey }: EncryptedBucket): Variables {
  return {
    GOOGLE_CLOUD_PROJECT: settings.project,
    LOG_EXECUTION_ID: 'true',
    BATON_ENV: settings.environment,
    BATON_REGION: settings.region,
    BATON_BUCKET: bucket,
    BATON_MODEL: settings.model,
    BATON_KMS_KEY: kmsKey ?? '',
    BATON_LEASE_SECONDS: String(settings.leaseSeconds),
    BATON_COMMIT: settings.commit ?? '',
  };
}

/** An image as `images.ts` keeps it, where the config names no other. */
const image = (role: string, { region, project, model }: Settings) =>
  `${region}-docker.pkg.dev/${project}/baton/${model}-${role}:latest`;

/** The environment of the functions that train; all have the same, since `settle` finishes every stage. */
export function trainingVariables(
  settings: TrainingSettings,
  made: EncryptedBucket & { subnetwork: Input<string> | undefined } & Record<
      'workload' | 'dataflowAccount' | 'trainingAccount',
      Input<string>
    >,
): Variables {
  const template = `gs://dataflow-templates-${settings.region}/latest/GCS_Text_to_BigQuery`;
  return {
    ...commonVariables(settings, made),
    BATON_WORKLOAD: made.workload,
    BATON_DATASET: settings.dataset,
    BATON_DROP_TIMEOUT_SECONDS: String(settings.dropTimeoutSeconds),
    BATON_MAX_REJECTED_FRACTION: String(settings.maxRejectedFraction),
    BATON_DATAFLOW_TEMPLATE: settings.dataflowTemplate ?? template,
    BATON_DATAFLOW_SERVICE_ACCOUNT: made.dataflowAccount,
    BATON_DATAFLOW_SUBNETWORK: made.subnetwork ?? '',
    // A subnetwork has Private Google Access; of the network named default nobody knows.
    BATON_DATAFLOW_IP_CONFIGURATION: made.subnetwork ? 'WORKER_IP_PRIVATE' : 'WORKER_IP_PUBLIC',
    BATON_TRAIN_IMAGE: settings.trainImage ?? image('train', settings),
    BATON_EVALUATE_IMAGE: settings.evaluateImage ?? image('evaluate', settings),
    BATON_TRAIN_PARAMETERS: JSON.stringify(settings.trainParameters),
    BATON_TRAIN_MACHINE_TYPE: settings.trainMachineType,
    BATON_TRAIN_REPLICAS: String(settings.trainReplicas),
    BATON_TRAINING_SERVICE_ACCOUNT: made.trainingAccount,
    BATON_RETRAINING: settings.retraining,
    BATON_GATE: JSON.stringify(settings.gate),
  };
}

/** The environment of the functions that serve. */
export function servingVariables(
  settings: ServingSettings,
  made: EncryptedBucket &
    Record<'servingAccount' | 'evaluationAccount' | 'notificationChannel', Input<string>>,
): Variables {
  return {
    ...commonVariables(settings, made),
    BATON_EVALUATE_IMAGE: settings.evaluateImage ?? image('evaluate', settings),
    BATON_EVALUATION_SERVICE_ACCOUNT: made.evaluationAccount,
    BATON_CHAMPION_MACHINE_TYPE: settings.championMachineType,
    BATON_CHAMPION_MARGIN: JSON.stringify(settings.championMargin),
    BATON_APPROVAL: JSON.stringify(settings.approval),
    BATON_OPERATORS: JSON.stringify(settings.operators),
    BATON_SERVE_IMAGE: settings.serveImage ?? image('serve', settings),
    BATON_SERVING_SERVICE_ACCOUNT: made.servingAccount,
    BATON_ENDPOINT: settings.endpoint,
    BATON_ROLLOUT: JSON.stringify(settings.rollout),
    BATON_SERVE_MACHINE_TYPE: settings.serveMachineType,
    BATON_MIN_REPLICAS: String(settings.minReplicas),
    BATON_MAX_REPLICAS: String(settings.maxReplicas),
    BATON_MONITOR: JSON.stringify(settings.monitor),
    BATON_LABEL_COLUMN: settings.labelColumn,
    BATON_NOTIFICATION_CHANNEL: made.notificationChannel,
  };
}
