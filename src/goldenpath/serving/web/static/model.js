// The exported model in this page: fetched, held against its signature, and asked as model/predictor.py asks it.

import * as ort from "./onnxruntime/ort.js";
import { encode } from "./encode.js";
import { readRow } from "./rules.js";

// More threads need a page that is isolated from all others, and one row is too little work to share.
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = { wasm: new URL("./onnxruntime/ort-wasm-simd-threaded.wasm", import.meta.url).href };

const NUMBERS = "numbers";
const CATEGORIES = "categories";

export class Model {
  #session;
  #turn = Promise.resolve();

  constructor(session, signature, contract) {
    this.#session = session;
    this.signature = signature;
    this.contract = contract;
  }

  // Fetches what lies beside the page. Throws where the files do not belong together, before the model is run.
  static async load() {
    const [signature, contract, bytes] = await Promise.all([
      fetched("signature.json").then((response) => response.json()),
      fetched("contract.json").then((response) => response.json()),
      fetched("model.onnx").then((response) => response.arrayBuffer()),
    ]);
    const found = await digest(bytes);
    if (found !== signature.model_sha256) {
      throw new Error(
        `The model's digest is ${found.slice(0, 12)}, its signature is for ${signature.model_sha256.slice(0, 12)}: ` +
          "it was damaged or exchanged, and is not run. Build the page again with `goldenpath web`, and put up all of it.",
      );
    }
    if (contract.sha256 !== signature.contract_sha256) {
      throw new Error("The form is of another contract than the model. Build the page again with `goldenpath web`.");
    }
    return new Model(await ort.InferenceSession.create(new Uint8Array(bytes)), signature, contract);
  }

  // Predicts one row of values by column name; a column that is left out is missing.
  // Returns {decision, score, scores}: scores are the probabilities of the classes, in the signature's order.
  // Throws Refused where the row breaks the contract.
  async predict(row) {
    const read = readRow(this.contract.fields, row);
    const answer = this.#turn.then(() => this.#run(read)); // a session answers one row at a time
    this.#turn = answer.catch(() => undefined);
    return this.#decided(await answer);
  }

  async #run(row) {
    const { numbers, categories } = encode(this.signature.inputs, row);
    const feeds = {};
    if (numbers.length) feeds[NUMBERS] = new ort.Tensor("float32", numbers, [1, numbers.length]);
    if (categories.length) feeds[CATEGORIES] = new ort.Tensor("string", categories, [1, categories.length]);
    const name = this.#session.outputNames.at(-1);
    return Array.from((await this.#session.run(feeds, [name]))[name].data);
  }

  #decided(scores) {
    const { task, classes, threshold } = this.signature;
    if (task === "regression") return { decision: scores[0], score: scores[0], scores: [] };
    // Scores have single precision, and so has what they are compared with.
    const isPositive = task === "binary" && scores[1] >= Math.fround(threshold);
    const chosen = task === "binary" ? Number(isPositive) : scores.indexOf(Math.max(...scores));
    return { decision: classes[chosen], score: task === "binary" ? scores[1] : scores[chosen], scores };
  }
}

async function fetched(name) {
  const response = await fetch(new URL(name, import.meta.url), { cache: "no-cache" });
  if (!response.ok) throw new Error(`${name} cannot be fetched (${response.status}): the page is not all there.`);
  return response;
}

async function digest(bytes) {
  if (!globalThis.crypto?.subtle) {
    throw new Error("This browser checks the model's digest on https:// or localhost only: open the page there.");
  }
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
