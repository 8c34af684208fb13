import type { Input } from '@pulumi/pulumi';
import type { NonprodSettings, ProdSettings, Settings } from './settings.ts';

type Variables = Record<string, Input<string>>;
type EncryptedBucket = { bucket: Input<string>; kmsKey: Input<string> | undefined };

/** What every function's environment says. A value that isn't set is an empty string. */
function commonVariables(settings: Settings, { bucket, kmsKey }: EncryptedBucket): Variables {
  return {
    GOOGLE_CLOUD_PROJECT: settings.project,
    LOG_EXECUTION_ID: 'true',
    BATON_ENV: settings.environment,
    BATON_TENANT: settings.tenant,
    BATON_REGION: settings.region,
    BATON_BUCKET: bucket,
    BATON_MODEL: settings.model,
    BATON_KMS_KEY: kmsKey ?? '',
  };
}

/** The environment of the non-production functions; all have the same, since `settle` finishes every stage. */
export function nonprodVariables(
  settings: NonprodSettings,
  made: EncryptedBucket & Record<'workload' | 'dataflowAccount' | 'trainingAccount', Input<string>>,
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
    BATON_DATAFLOW_SUBNETWORK: settings.dataflowSubnetwork ?? '',
    BATON_TRAIN_IMAGE: settings.trainImage,
    BATON_EVALUATE_IMAGE: settings.evaluateImage,
    BATON_TRAIN_PARAMETERS: JSON.stringify(settings.trainParameters),
    BATON_TRAIN_MACHINE_TYPE: settings.trainMachineType,
    BATON_TRAIN_REPLICAS: String(settings.trainReplicas),
    BATON_TRAINING_SERVICE_ACCOUNT: made.trainingAccount,
    BATON_GATE: JSON.stringify(settings.gate),
  };
}

/** The environment of the production functions. */
export function prodVariables(
  settings: ProdSettings,
  made: EncryptedBucket & Record<'servingAccount', Input<string>>,
): Variables {
  return {
    ...commonVariables(settings, made),
    BATON_SERVE_IMAGE: settings.serveImage,
    BATON_SERVING_SERVICE_ACCOUNT: made.servingAccount,
    BATON_ENDPOINT: settings.endpoint,
    BATON_TRAFFIC_SPLIT: String(settings.trafficSplit),
    BATON_SERVE_MACHINE_TYPE: settings.serveMachineType,
    BATON_MIN_REPLICAS: String(settings.minReplicas),
    BATON_MAX_REPLICAS: String(settings.maxReplicas),
    BATON_MONITOR: JSON.stringify(settings.monitor),
    BATON_LABEL_COLUMN: settings.labelColumn,
  };
}
