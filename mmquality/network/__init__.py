"""The Siamese two-tower network: tensors in, tensors out; it never sees a file or a listing."""
