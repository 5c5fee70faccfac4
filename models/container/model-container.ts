/** What a training job gives its model, already read from SageMaker's folders. */
export interface TrainingJob {
  /** SageMaker passes every value as text. */
  hyperparameters: Record<string, string>;
  /** Folder of each input channel, by name. */
  channels: Record<string, string>;
  /** Empty folder that becomes the model when training ends well; what a failed run leaves here is thrown away. */
  modelDir: string;
  /** Aborted when SageMaker asks the job to stop. */
  signal: AbortSignal;
  /** Reports a figure; the newest of a name counts. @param name `[A-Za-z0-9_]+` */
  metric(name: string, value: number): void;
}

/** A trained model, ready to answer. */
export interface LoadedModel {
  /** @throws ZodError for a request that breaks the model's contract; anything else is a fault of the model. */
  invoke(request: unknown): unknown;
}

/** A model as the container's frame runs it. */
export interface ModelContainer {
  name: string;
  train(job: TrainingJob): Promise<void>;
  load(modelDir: string): Promise<LoadedModel>;
}
