import { REFUSALS } from '../../src/domain/errors.ts';
import { markdownTable } from './markdown-table.ts';

/** `docs/errors.md`: every answer the gateway gives instead of Bedrock. */
export function errorsPage(): string {
  const rows = Object.values(REFUSALS).map((row) => [
    String(row.status),
    `\`${row.exception}\``,
    `\`${row.type}\``,
    'retryAfterSeconds' in row ? `after ${row.retryAfterSeconds} s` : '',
    'closesConnection' in row ? 'yes' : '',
    row.meaning,
  ]);
  return `# Errors of the gateway

<!-- Written by \`npm run write-docs\` from src/domain/errors.ts: change that. -->

What Bedrock answers, errors included, is passed on as it came. The answers below are the gateway's own. They have the shape
of an AWS error, so that AWS SDKs raise the exception named here, with the envelope LiteLLM's clients look for beside it:

\`\`\`json
{ "message": "…", "__type": "ValidationException", "error": { "message": "…", "type": "bad_request_error", "param": null, "code": "400" } }
\`\`\`

\`x-amzn-errortype\` carries the exception too, and \`x-amzn-requestid\` the id to look for in the gateway's log.
"Retry" is sent as \`retry-after\`; where it is empty, trying the same again is no use or might be billed twice.

${markdownTable(['Status', 'Exception', '`error.type`', 'Retry', 'Closes the connection', 'When'], rows)}

After the first byte of an answer no status can be sent any more. An event stream that breaks then ends with an exception
frame where one can be sent, and the connection is broken: a cut answer never looks complete.
`;
}
