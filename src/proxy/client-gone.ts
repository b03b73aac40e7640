/** The client left, or broke its own request, before there was anything to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';

  constructor() {
    super('The client left before its request was complete.');
  }
}
