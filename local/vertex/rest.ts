import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { RestModule } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import type { Predictions } from './prediction.ts';

const ENDPOINT = '/v1/projects/:project/locations/:location/endpoints/:endpoint(^[^:]+)';

const EndpointPath = z.object({ project: z.string(), location: z.string(), endpoint: z.string() });
const PredictBody = z.object({ instances: z.array(z.json()).min(1), parameters: z.json().optional() });

/** Online prediction over REST, so that an endpoint can be asked with curl. */
export function restModule(predictions: Predictions): RestModule {
  return {
    hosts: ['*-aiplatform.googleapis.com'],
    alsoGrpc: true,
    register: (app: FastifyInstance) => {
      app.post(`${ENDPOINT}::predict`, (request) => {
        const body = PredictBody.safeParse(request.body);
        if (!body.success) {
          throw new StatusError(
            'INVALID_ARGUMENT',
            `Invalid prediction request: ${z.prettifyError(body.error)}`,
          );
        }
        return predictions.predict(endpointName(request), body.data.instances, body.data.parameters);
      });
      app.post(`${ENDPOINT}::rawPredict`, async (request, reply) => {
        const contentType = request.headers['content-type'] ?? 'application/json';
        const answer = await predictions.rawPredict(
          endpointName(request),
          await bytesOf(request.body),
          contentType,
        );
        return reply
          .code(answer.status)
          .header('content-type', answer.contentType)
          .header('x-vertex-ai-deployed-model-id', answer.deployedModelId)
          .send(answer.body);
      });
    },
  };
}

function endpointName(request: FastifyRequest): string {
  const { project, location, endpoint } = EndpointPath.parse(request.params);
  return `projects/${project}/locations/${location}/endpoints/${endpoint}`;
}

/** The body as it goes on to the container; JSON has been parsed by the server. */
async function bytesOf(body: unknown): Promise<Buffer> {
  if (body instanceof Readable) return buffer(body);
  return Buffer.from(body === undefined ? '' : JSON.stringify(body));
}
