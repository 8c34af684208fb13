import type { LogEntry } from '../boundaries.ts';
import { parseProcessLine } from '../processes/output-line.ts';
import type { FunctionDeclaration } from './types.ts';

/** The log entry that Cloud Run makes of a line that an instance writes. */
export function logEntryOf(
  line: string,
  stream: 'stdout' | 'stderr',
  source: { declaration: FunctionDeclaration; revision: string; instance: string },
): LogEntry {
  const { project, region, name } = source.declaration;
  return parseProcessLine(line, {
    project,
    logName: `projects/${project}/logs/run.googleapis.com%2F${stream}`,
    resource: {
      type: 'cloud_run_revision',
      labels: {
        project_id: project,
        location: region,
        service_name: name,
        configuration_name: name,
        revision_name: source.revision,
      },
    },
    labels: { instanceId: source.instance },
  });
}
