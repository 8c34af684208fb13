import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { integer, parseEnvironment } from '../container/arguments.ts';
import { log } from '../container/log.ts';
import { runContainer } from '../container/run.ts';
import { loadModel } from '../files/model-folder.ts';
import { PredictionService } from './prediction-service.ts';

/** Longer than the ten minutes for which Google's load balancers keep an idle connection, so they close first. */
const KEEP_ALIVE_MS = 620_000;

const route = z.string().startsWith('/', 'expected a path that starts with a slash');

const Environment = z.object({
  AIP_STORAGE_URI: z.string().regex(/^gs:\/\/[^/]+\/?/, 'expected gs://bucket/folder'),
  AIP_HTTP_PORT: integer(0, 65_535).default(8080),
  AIP_HEALTH_ROUTE: route.default('/health'),
  AIP_PREDICT_ROUTE: route.default('/predict'),
});

await runContainer(async () => {
  const environment = parseEnvironment(Environment);
  const service = new PredictionService({
    health: environment.AIP_HEALTH_ROUTE,
    predict: environment.AIP_PREDICT_ROUTE,
  });
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    void service.handle(request, response);
  });
  server.listen(environment.AIP_HTTP_PORT, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  log('INFO', `listening on port ${port}`, { port });

  process.once('SIGTERM', () => {
    log('INFO', 'SIGTERM: finishing the requests at hand');
    service.drain();
    server.close(() => process.exit());
  });

  try {
    service.serve(await loadModel(environment.AIP_STORAGE_URI));
    log('INFO', `serving the model in ${environment.AIP_STORAGE_URI}`);
  } catch (error) {
    server.close();
    throw error;
  }
});
