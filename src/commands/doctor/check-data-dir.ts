import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { errorCode, errorText, type Finding, type Patient } from './finding.ts';

/** Whether the data directory is there and can be written to, or can be made. Nothing is created. */
export function checkDataDir({ config: { settings } }: Patient): Promise<readonly Finding[]> {
  const folder = path.resolve(settings.dataDir);
  const existing = nearestExisting(folder);
  const about = 'Data directory';
  const mend = 'Set OUTCROP_DATA_DIR to a folder this user may write to; in a container, to a volume.';
  try {
    if (!statSync(existing).isDirectory()) {
      return Promise.resolve([{ about, state: 'fails', found: `${existing} is not a folder`, mend }]);
    }
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch (error) {
    return Promise.resolve([{ about, state: 'fails', found: `${existing}: ${errorText(error)}`, mend }]);
  }
  const found = existing === folder ? folder : `${folder} (will be made)`;
  return Promise.resolve([{ about, state: 'ok', found }]);
}

function nearestExisting(folder: string): string {
  try {
    statSync(folder);
    return folder;
  } catch (error) {
    const parent = path.dirname(folder);
    return errorCode(error) === 'ENOENT' && parent !== folder ? nearestExisting(parent) : folder;
  }
}
