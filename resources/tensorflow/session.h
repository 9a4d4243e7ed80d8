/**
 * Included before the sources of tfjs-node's addon, which opens sessions without a configuration. Ours turns Grappler off,
 * TensorFlow's optimiser of graphs: it takes seconds in the first step, and finds nothing that is worth them after our
 * passes.
 */
#include "tensorflow/c/c_api.h"

static TF_SessionOptions* newSessionOptions() {
  // ConfigProto { graph_options: 10 { rewrite_options: 10 { disable_meta_optimizer: 19 true } } }
  const unsigned char config[] = {10 << 3 | 2, 5, 10 << 3 | 2, 3, (19 << 3 & 127) | 128, 19 << 3 >> 7, 1};
  TF_SessionOptions* options = TF_NewSessionOptions();
  TF_Status* status = TF_NewStatus();
  TF_SetConfig(options, config, sizeof config, status);
  TF_DeleteStatus(status);
  return options;
}

#define TF_NewSessionOptions newSessionOptions
