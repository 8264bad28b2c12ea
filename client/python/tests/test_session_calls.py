"""Which servers are asked about a session."""
import unittest

from recurd import session_calls
from recurd.errors import InvalidInput
from recurd.types import State


class SessionCallsTest(unittest.TestCase):
    def test_an_id_is_looked_for_at_all_servers_or_at_the_one_that_is_named(self):
        self.assertEqual(session_calls.servers_for("secret", "", ["a", "b"]), ["a", "b"])
        self.assertEqual(session_calls.servers_for("secret", "b", ["a", "b"]), ["b"])
        with self.assertRaisesRegex(InvalidInput, "'c' is none of this client's: a, b"):
            session_calls.servers_for("secret", "c", ["a", "b"])

    def test_a_handle_needs_its_server_where_there_are_several(self):
        self.assertEqual(session_calls.servers_for("@17", "", ["a"]), ["a"])
        self.assertEqual(session_calls.servers_for("@17", "b", ["a", "b"]), ["b"])
        with self.assertRaisesRegex(InvalidInput, "say which by server="):
            session_calls.servers_for("@17", "", ["a", "b"])

    def test_a_state_is_imported_for_a_model(self):
        with self.assertRaisesRegex(InvalidInput, "model is ''"):
            session_calls.import_request(State(), "", "", False)


if __name__ == "__main__":
    unittest.main()
