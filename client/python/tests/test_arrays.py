"""What arrays are taken, which are refused with what words, and that no bit changes on the way."""
import unittest

import numpy as np

from recurd.arrays import outputs_of, put_packed, to_float32, to_row, to_rows, to_wire
from recurd.errors import InvalidInput
from recurd.v1 import recurd_pb2 as pb


class ArraysTest(unittest.TestCase):
    def test_takes_every_array_of_numbers_that_float32_holds(self):
        whole = np.arange(-6, 6).reshape(3, 4)
        for dtype in ("f2", "f4", "f8", ">f4", "i1", "i8", "longdouble"):
            self.assertEqual(to_rows(whole.astype(dtype), 4).tobytes(), whole.astype(np.float32).tobytes(), dtype)
        self.assertEqual(to_rows(whole.astype("u1") > 3, 4).dtype, np.float32)

    def test_takes_lists_as_float32(self):
        self.assertEqual(to_row([0.1, 0.2], 2).tobytes(), np.array([0.1, 0.2], np.float32).tobytes())

    def test_takes_any_memory_layout(self):
        rows = np.arange(24, dtype=np.float32).reshape(4, 6)
        for view in (rows[:, ::2], rows[::-1, :3], np.asfortranarray(rows[:, :3]), rows.T[:3].T):
            self.assertEqual(to_wire(to_rows(view, 3)), view.tolist() and np.array(view.tolist(), "<f4").tobytes())

    def test_refuses_values_that_float32_would_round_and_names_one(self):
        with self.assertRaisesRegex(InvalidInput, r"float64 hold 0\.1, which float32 can't.*astype"):
            to_float32(np.array([0.5, 0.1]))
        for bad in (np.array([1e300]), np.array([2**24 + 1]), np.array([2**64 - 1], np.uint64)):
            with self.assertRaises(InvalidInput):
                to_float32(bad)

    def test_nan_and_infinity_go_through_so_that_the_server_can_refuse_them(self):
        self.assertTrue(np.isnan(to_float32(np.array([np.nan]))).all())
        self.assertTrue(np.isinf(to_float32(np.array([np.inf]))).all())

    def test_refuses_what_is_no_number(self):
        for bad in (np.array(["1"]), np.array([1j]), "text", [[1, 2], [3]], np.array([object()])):
            with self.assertRaises(InvalidInput):
                to_float32(bad)

    def test_a_wrong_shape_names_the_one_wanted(self):
        for bad in (np.zeros(7), np.zeros((2, 7)), np.zeros((0, 8)), np.zeros((1, 2, 8)), 1.0):
            with self.assertRaisesRegex(InvalidInput, r"the model takes \(T, 8\)"):
                to_rows(bad, 8)
        with self.assertRaisesRegex(InvalidInput, r"a step takes shape \(8,\), not \(2, 8\)"):
            to_row(np.zeros((2, 8)), 8)

    def test_floats_arrive_bit_for_bit(self):
        bits = np.random.default_rng(3).integers(0, 2**32, 3000, dtype=np.uint32)
        floats = bits.view(np.float32)
        floats = np.where(np.isnan(floats), np.float32(-0.0), floats)
        for count in (0, 2, 30, 32, 3000):
            chunk = pb.Chunk(first_step=300)
            put_packed(chunk, pb.Chunk.INPUTS_FIELD_NUMBER, floats[:count].tobytes())
            self.assertEqual(np.array(chunk.inputs, np.float32).tobytes(), floats[:count].tobytes())
            message = pb.Outputs(first_step=9, queue_ns=5, outputs=chunk.inputs)
            self.assertEqual(outputs_of(message, 2).tobytes(), floats[:count].tobytes())

    def test_what_comes_back_is_the_callers_own(self):
        rows = outputs_of(pb.Outputs(outputs=[1, 2]), 2)
        rows[0, 0] = 5
        self.assertEqual(rows.tolist(), [[5, 2]])


if __name__ == "__main__":
    unittest.main()
