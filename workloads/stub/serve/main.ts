import { text } from 'node:stream/consumers';
import { http, needed, read } from '../container.ts';

const { AIP_STORAGE_URI, AIP_HEALTH_ROUTE, AIP_PREDICT_ROUTE, AIP_HTTP_PORT } = process.env;
const folder = needed('AIP_STORAGE_URI', AIP_STORAGE_URI).replace(/\/$/, '');
const model = (await read(`${folder}/model.json`)) as { answer: number };

/** Answers every instance alike, but fails on those whose amount is `fail`, for tests of what goes wrong. */
const server = http.createServer(async (request, response) => {
  const answer = (status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (request.url === AIP_HEALTH_ROUTE) return answer(200, { status: 'ok' });
  if (request.url !== AIP_PREDICT_ROUTE) return answer(404, { error: `no route ${request.url}` });
  const instances = instancesOf(await text(request));
  if (!instances) return answer(400, { error: 'expected {"instances": [{…}, …]}' });
  if (instances.some(({ amount }) => amount === 'fail')) return answer(500, { error: 'as was asked' });
  return answer(200, { predictions: instances.map(() => model.answer) });
});
process.once('SIGTERM', () => process.exit());
server.listen(Number(AIP_HTTP_PORT ?? 8080), '0.0.0.0');

/** The instances of a request; nothing where it is malformed. */
function instancesOf(body: string): { amount?: unknown }[] | undefined {
  try {
    const { instances } = JSON.parse(body) as { instances: unknown };
    const isObject = (value: unknown) => typeof value === 'object' && value !== null;
    return Array.isArray(instances) && instances.every(isObject) ? instances : undefined;
  } catch {
    return undefined;
  }
}
