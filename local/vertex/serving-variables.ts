/** What there is to tell a prediction container. */
export interface Serving {
  port: number;
  healthRoute: string;
  predictRoute: string;
  /** Google's copy of the model's files, without a slash at its end; none for a model without any. */
  storageUri: string | undefined;
  endpointId: string;
  deployedModelId: string;
  projectNumber: string;
  machineType: string;
}

/**
 * What Vertex AI tells a prediction container.
 *
 * @see https://docs.cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements#aip-variables
 */
export function servingVariables(serving: Serving): Record<string, string> {
  return {
    AIP_HTTP_PORT: String(serving.port),
    AIP_HEALTH_ROUTE: serving.healthRoute,
    AIP_PREDICT_ROUTE: serving.predictRoute,
    ...(serving.storageUri ? { AIP_STORAGE_URI: serving.storageUri } : {}),
    AIP_ENDPOINT_ID: serving.endpointId,
    AIP_DEPLOYED_MODEL_ID: serving.deployedModelId,
    AIP_MODEL_NAME: serving.endpointId,
    AIP_PROJECT_NUMBER: serving.projectNumber,
    AIP_FRAMEWORK: 'CUSTOM_CONTAINER',
    AIP_MODE: 'PREDICTION',
    AIP_MODE_VERSION: '1.0.0',
    AIP_MACHINE_TYPE: serving.machineType,
    AIP_VERSION_NAME: serving.deployedModelId,
  };
}
