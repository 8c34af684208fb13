import { recordProgram } from '../../local/program/record-program.ts';
import { recordStack } from '../../local/program/record-stack.ts';
import type { RecordedStack } from '../../local/program/recorded.ts';
import { STACKS } from '../../local/stacks.ts';
import { describeResource, grantsOf, holderOf, type ReasonedGrant } from './grants.ts';
import { protectedBy } from './keys.ts';

const PROGRAM = new URL('../../infra', import.meta.url).pathname;

const INTRODUCTION = `# Who may do what, and which key protects what

Generated from the Pulumi program by \`npm run infra:table -- --write\`; a test compares. Project ids and numbers are those of
the stack files. A name without a domain is a service account of the project that the table is about.`;

/** All that a stack may be asked for beyond what it grants by itself. */
const EVERYTHING = {
  'baton:retraining': 'notify',
  'baton:runSchedule': '0 3 * * 1',
  'baton:composerAccount': 'serviceAccount:composer@baton-composer.iam.gserviceaccount.com',
  'baton:repository':
    'projects/baton-releases/locations/us-central1/connections/github/gitRepositoryLinks/baton',
  'baton:stateBucket': 'baton-releases-state',
};

const MORE = `## Where a stack is asked for more

What is off unless the config says otherwise: an answer to drift (\`baton:retraining\`: retrain and what delivers to it), runs by the
clock (\`baton:runSchedule\`: baton-start), an orchestrator (\`baton:composerAccount\`: composer), releases by merges (\`baton:repository\`:
deployer, and preview of what is proposed).`;

const KEYS = `## Keys

What the program declares, by the key that encrypts it. What the functions create (tables, Dataflow jobs, custom jobs, models,
endpoints, monitoring jobs) they put under the key of their project, which they learn from \`BATON_KMS_KEY\`.`;

/** The whole of docs/access.md, from the program as the stack files configure it. */
export async function accessDocument(): Promise<string> {
  const stacks = await record();
  const grants = grantsOf(stacks);
  const known = new Set(grants.map(({ declaredAs }) => declaredAs));
  const more = grantsOf(await record(EVERYTHING)).filter(({ declaredAs }) => !known.has(declaredAs));
  return render(stacks, grants, more);
}

/** In this process, which afterwards is of no use for another program. */
const record = (config: Record<string, string> = {}) =>
  recordProgram({ directory: PROGRAM, stacks: [...STACKS], config }, recordStack);

function render(stacks: RecordedStack[], grants: ReasonedGrant[], more: ReasonedGrant[]): string {
  const projects = [...new Set(grants.map(({ project }) => project))];
  const sections = projects.map((project) =>
    [`## In ${project}`, grantTable(grants.filter((grant) => grant.project === project))].join('\n\n'),
  );
  const moreTable = table(
    ['In', ...GRANT],
    more.map((grant) => [grant.project, ...grantRow(grant)]),
  );
  const keys = protectedBy(stacks).map(({ key, type, names }) => [`\`${key}\``, type, names.join(', ')]);
  const keyTable = table(['Key', 'What', 'Named in the program'], keys);
  return `${[INTRODUCTION, ...sections, MORE, moreTable, KEYS, keyTable].join('\n\n')}\n`;
}

const GRANT = ['Who', 'Role', 'On', 'Why'];

const grantRow = (grant: ReasonedGrant) => [
  holderOf(grant),
  `\`${grant.role.replace('roles/', '')}\``,
  describeResource(grant),
  grant.why,
];

function grantTable(grants: ReasonedGrant[]): string {
  const rows = grants.map(grantRow);
  return table(
    GRANT,
    rows.sort((a, b) => a.join(' ').localeCompare(b.join(' '), 'en')),
  );
}

/** As the formatter leaves it: every column as wide as its widest cell. */
function table(header: string[], rows: string[][]): string {
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column].length)));
  const line = (cells: string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at])).join(' | ')} |`;
  return [header, widths.map((width) => '-'.repeat(width)), ...rows].map(line).join('\n');
}
