/** A client that speaks HTTP/1 on one connection: requests as text, responses taken apart. */
import { Connection } from "./connection.ts";
import { type Message, readResponse, type Responses, responses } from "./message.ts";

/** See the file. */
export class Client extends Connection {
  /** Methods of the requests whose responses have not been taken: they tell responses apart. */
  readonly methods: string[] = [];

  /** Sends requests, of which each text is one. */
  request(...texts: string[]): this {
    for (const text of texts) {
      this.methods.push(text.slice(0, text.indexOf(" ")));
      this.send(text);
    }
    return this;
  }

  /** What came back and was not taken, taken apart. */
  get responses(): Responses {
    return responses(this.received, this.methods, this.hasEnded);
  }

  /**
   * Takes the next final response, for which it waits.
   * @throws {Error} if the connection ends before it
   */
  async response(): Promise<Message> {
    const message = await readResponse(this, this.methods.shift() ?? "GET");
    if (message !== null) return message;
    throw new Error(this.broke ?? "the connection was closed before the response");
  }
}
